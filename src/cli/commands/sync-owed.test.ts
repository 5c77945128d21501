import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as vercelHost from '../../adapters/destinations/vercel/test-vercel.ts'
import { bench } from '../test-world.ts'

const HOOK = '/v1/integrations/deploy/prj_1/hook'
const MANIFEST = `
project: shop
environments: [prod]
destinations:
  web: { kind: vercel, project: prj_1, team: team_1, redeploy: HOOK }
secrets:
  api/key: { deliver: [{ to: web, name: KEY }] }
`

test('a deploy that failed is told by plan and status, and made by the next apply, once', async () => {
  await using vercel = await vercelHost.testVercel()
  await using store = await bench()
  const cwd = join(store.dir, 'work')
  writeFileSync(join(cwd, 'coffer.yaml'), MANIFEST)
  const { url: VERCEL_API_URL } = vercel
  const env = { VERCEL_TOKEN: vercelHost.TOKEN, VERCEL_API_URL }
  const sync = (verb: string, more: Record<string, string> = {}, ...args: string[]) =>
    store.run(['sync', verb, '--env', 'prod', ...args], { cwd, env: { ...env, ...more } })
  await store.run(['set', 'shop/prod/api/key'], { input: 'one', cwd })
  await sync('allow', {}, '--yes')

  expect((await sync('apply', {}, '--yes')).code).not.toBe(0)
  expect((await sync('plan')).out).toContain('tried again')
  const status = await sync('status')
  expect([status.code, status.out]).toEqual([1, expect.stringContaining('behind')])
  const hook = { HOOK: `${vercel.url}${HOOK}` }
  const mended = await sync('apply', hook, '--yes')
  expect([mended.code, mended.err]).toEqual([0, expect.stringContaining('last delivery is done')])
  expect((await sync('status')).code).toBe(0)
  expect((await sync('apply', hook, '--yes')).err).toBe('Nothing is to be delivered.\n')
  expect(vercel.seen.filter(({ path }) => path === HOOK)).toHaveLength(1)
})

test('a file that Git would take is warned of, by plan and by apply', async () => {
  await using store = await bench()
  const cwd = join(store.dir, 'work')
  const file = MANIFEST.replace('to: web', 'to: dotenv, file: out.env')
  writeFileSync(join(cwd, 'coffer.yaml'), file)
  const env = { PATH: process.env['PATH'] ?? '' }
  const sync = (...args: string[]) => store.run(['sync', ...args, '--env', 'prod'], { cwd, env })
  await store.run(['set', 'shop/prod/api/key'], { input: 'one', cwd })
  await sync('allow', '--yes')
  execFileSync('git', ['init', '-q', cwd], { stdio: 'pipe' })
  const line = 'add the line /out.env'
  expect((await sync('plan')).err).toContain(line)
  expect((await sync('plan', '--json')).json()).toMatchObject({
    destinations: [{ warnings: [expect.stringContaining(line)] }],
  })
  const kept = join(store.dir, 'kept')
  await sync('plan', '--out', kept)
  const json = await sync('apply', '--yes', '--json')
  expect([json.code, json.err]).toEqual([0, expect.stringContaining(line)])
  writeFileSync(join(cwd, '.gitignore'), '/out.env\n')
  expect((await sync('plan')).err).not.toContain('Git')
})
