import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bench } from '../test-world.ts'
import type { Bench } from '../test-world.ts'

const manifest = (project: string, env: string) => `project: ${project}
environments: [${env}]
secrets:
  api/key: { usedBy: [api] }
`

async function workloads({ run, dir }: Bench, project: string, env: string) {
  const cwd = join(dir, `${project}-${env}`.slice(0, 100))
  mkdirSync(join(cwd, '.git'), { recursive: true })
  writeFileSync(join(cwd, 'coffer.yaml'), manifest(project, env))
  return run(['policy', 'workloads', '--yes'], { cwd })
}

test('a policy of something else is not replaced, and nothing is done then', async () => {
  await using store = await bench()
  const { run, dir } = store
  const file = join(dir, 'own.json')
  writeFileSync(file, JSON.stringify({ name: 'shop-eu-prod-api', rules: [] }))
  await run(['policy', 'put', file])
  const refused = await workloads(store, 'shop', 'eu-prod')
  expect([refused.code, refused.err]).toEqual([73, expect.stringContaining('of something else')])
  expect((await run(['actor', 'list'])).out).not.toContain('service:shop-eu-prod-api')

  await run(['policy', 'delete', 'shop-eu-prod-api', '--yes'])
  expect((await workloads(store, 'shop', 'eu-prod')).code).toBe(0)
  // Two words of one name: the other manifest's workload keeps what it may.
  expect((await workloads(store, 'shop-eu', 'prod')).code).toBe(73)
  const who = await run(['policy', 'who', '--action', 'read', 'shop/eu-prod/api/key', '--json'])
  expect(who.out).toContain('service:shop-eu-prod-api')
})

test('what a workload no longer uses is taken from its policy, all of it too', async () => {
  await using store = await bench()
  const cwd = join(store.dir, 'less')
  mkdirSync(join(cwd, '.git'), { recursive: true })
  const uses = async (usedBy: string) => {
    writeFileSync(
      join(cwd, 'coffer.yaml'),
      `project: shop
environments: [prod]
workloads: { api: {}, job: {} }
secrets:
  api/key: { usedBy: [${usedBy}] }
  api/url: { usedBy: [job] }
`,
    )
    return store.run(['policy', 'workloads', '--yes'], { cwd })
  }
  const mayRead = async (actor: string) => {
    const asked = ['policy', 'test', '--actor', `service:shop-prod-${actor}`, '--action', 'read']
    return (await store.run([...asked, 'shop/prod/api/key'])).code === 0
  }
  await uses('api, job')
  expect([await mayRead('api'), await mayRead('job')]).toEqual([true, true])
  const taken = await uses('api')
  expect(taken.out).toMatch(/shop-prod-job +shop\/prod\/api\/key/)
  expect([await mayRead('api'), await mayRead('job')]).toEqual([true, false])
  await uses('job')
  expect([await mayRead('api'), await mayRead('job')]).toEqual([false, true])
  expect((await uses('job')).err).toContain('Every workload may read what it uses.')
})

test('names longer than a policy has are cut, each in its own way', async () => {
  await using store = await bench()
  const project = `p${'r'.repeat(50)}`
  for (const env of ['production-eu', 'production-us']) {
    const done = await workloads(store, project, env)
    expect(done.code, done.err).toBe(0)
  }
  const { out } = await store.run(['policy', 'list', '--json'])
  const names = out.match(/"name": ?"prr[^"]+"/g) ?? []
  expect(new Set(names).size).toBe(2)
})

test('where all is kept elsewhere, nobody is told that it may be read', async () => {
  await using store = await bench()
  const cwd = join(store.dir, 'elsewhere')
  mkdirSync(join(cwd, '.git'), { recursive: true })
  const environments = 'environments: { prod: { provider: aws } }'
  writeFileSync(
    join(cwd, 'coffer.yaml'),
    manifest('shop', 'prod').replace(/^environments.*$/m, environments),
  )
  const { code, err } = await store.run(['policy', 'workloads', '--yes'], {
    cwd,
    env: { COFFER_ENV: 'prod' },
  })
  expect([code, err]).toEqual([0, 'No workload uses a secret that is kept here.\n'])
})
