import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bench } from '../test-world.ts'

const TEST = ['policy', 'test', '--action', 'deliver']

test('what may be delivered where is asked, and told of in the log', async () => {
  await using store = await bench()
  const { run, dir } = store
  const policy = {
    name: 'sender',
    rules: [
      {
        effect: 'allow',
        actions: ['deliver'],
        paths: ['shop/prod/**'],
        conditions: { destinations: ['vercel:prj_1/*'] },
      },
    ],
  }
  writeFileSync(join(dir, 'sender.json'), JSON.stringify(policy))
  expect((await run(['policy', 'put', join(dir, 'sender.json')])).code).toBe(0)
  await run(['actor', 'grant', 'service:ci', '--policy', 'sender'])
  const ask = (destination: string) =>
    run([...TEST, '--actor', 'service:ci', '--destination', destination, 'shop/prod/api/key'])
  const may = await ask('vercel:prj_1/production')
  expect([may.code, may.out]).toEqual([
    0,
    expect.stringContaining('service:ci deliver shop/prod/api/key to vercel:prj_1/production'),
  ])
  const mayNot = await ask('vercel:prj_2/production')
  expect([mayNot.code, mayNot.out]).toEqual([77, expect.stringContaining('destination')])
  const nowhere = await run([...TEST, 'shop/prod/api/key'])
  expect([nowhere.code, nowhere.err]).toEqual([64, expect.stringContaining('destination')])
  const to = ['--action', 'deliver', '--destination', 'vercel:prj_1/preview']
  const who = await run(['policy', 'who', ...to, 'shop/prod/api/key', '--json'])
  expect(who.json()).toMatchObject({
    destination: 'vercel:prj_1/preview',
    actors: [{ actor: 'service:ci' }],
  })
  const log = await run(['audit', 'query', '--destination', 'vercel:**'])
  expect([log.code, log.err]).toEqual([64, expect.stringContaining('segment')])
  const none = await run(['audit', 'query', '--destination', 'vercel:*/**'])
  expect([none.code, none.err]).toEqual([0, expect.stringContaining('No events')])
})
