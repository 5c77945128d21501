import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { expect, test } from 'vitest'
import { bench } from '../test-world.ts'

test('a damaged store: no backup but on request, and a restore that leaves out what it names', async () => {
  await using store = await bench()
  const { run, dir } = store
  for (const path of ['d/a', 'd/b']) await run(['set', path], { input: `value of ${path}` })
  const db = new DatabaseSync(join(dir, 'data', 'coffer.db'))
  db.exec("UPDATE heads SET head = zeroblob(length(head)) WHERE path = 'd/b'")
  db.close()
  const identity = await generateIdentity()
  const key = ['--identity-file', join(dir, 'identity')]
  writeFileSync(join(dir, 'identity'), `${identity}\n`, { mode: 0o600 })
  const file = join(dir, 'backup')
  const backup = ['backup', file, '--recipient', await identityToRecipient(identity)]

  const refused = await run(backup)
  expect([refused.code, existsSync(file)]).toEqual([65, false])
  for (const said of ['secret d/b', '--with-damaged', 'docs/runbooks/damage.md'])
    expect(refused.err).toContain(said)
  const made = await run([...backup, '--with-damaged'])
  expect(made.code, made.err).toBe(0)
  expect(made.err).toContain('1 of it damaged')

  const restore = ['restore', file, ...key, '--data-dir', join(dir, 'new')]
  const strict = await run(restore)
  expect([strict.code, existsSync(join(dir, 'new'))]).toEqual([65, false])
  expect(strict.err).toContain('--without-damaged')
  const restored = await run([...restore, '--without-damaged', '--json'])
  expect(restored.code, restored.err).toBe(0)
  expect(restored.json()).toMatchObject({
    secrets: 1,
    versions: 1,
    leftOut: ['d/b'],
    digestOk: false,
  })
  const at = ['--data-dir', join(dir, 'new')]
  expect((await run(['get', 'd/a', ...at])).out).toBe('value of d/a')
  expect((await run(['doctor', ...at])).code).toBe(0)
})
