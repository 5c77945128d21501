import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bench } from '../test-world.ts'

test('a policy in Vault’s language is put from its own file, under the name of the file', async () => {
  await using store = await bench()
  const { run, dir } = store
  const hcl = '# mine\npath "secret/data/app/*" { capabilities = ["read"] }\n'
  writeFileSync(join(dir, 'App.hcl'), hcl)
  const put = await run(['policy', 'put', join(dir, 'App.hcl')])
  expect([put.code, put.err]).toEqual([0, expect.stringContaining('policy app stored')])
  expect((await run(['policy', 'show', 'app'])).json()).toMatchObject({ name: 'app', hcl })
  expect((await run(['policy', 'list'])).out).toMatch(/app +hcl +mostSpecific/)
  writeFileSync(join(dir, 'bad.hcl'), '\npath "a" { capabilities = ["raed"] }')
  const refused = await run(['policy', 'put', join(dir, 'bad.hcl')])
  expect([refused.code, refused.err]).toEqual([64, expect.stringContaining('line 2')])
  await run(['actor', 'grant', 'service:ci', '--policy', 'app'])
  const asked = ['policy', 'test', '--actor', 'service:ci', 'app/x']
  expect((await run(asked)).code).toBe(0)
  expect((await run([...asked.slice(0, -1), 'other/x'])).code).toBe(77)
})
