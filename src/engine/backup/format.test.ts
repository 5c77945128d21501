import { readFileSync } from 'node:fs'
import path from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { expect, test } from 'vitest'
import { readAgeFile } from '../../adapters/backups/age-file.ts'
import { root } from '../../../test/laws/sources.ts'
import { ADMIN, admin, newHome } from '../../../test/support/platform.ts'

test('a backup is what docs/formats/backup.md says', async () => {
  const home = await newHome()
  const platform = await home.open()
  const coffer = admin(platform)
  await coffer.write('shop/b', { value: 'c4n4ry-b' })
  await coffer.write('shop/a', { value: 'c4n4ry-a' })
  await coffer.write('shop/a', { value: 'c4n4ry-a2' })
  const identity = await generateIdentity()
  const recipients = [await identityToRecipient(identity)]
  const file = path.join(home.dir, 'backup')
  await platform.backup(file, { actor: ADMIN, recipients })
  const lines: string[] = []
  for await (const line of readAgeFile(file, { identities: [identity] })) lines.push(line)

  const page = readFileSync(path.join(root, 'docs/formats/backup.md'), 'utf8')
  const members = [...page.matchAll(/^\| `([a-zA-Z]+)` +\|/gm)].map(([, name]) => name)
  const [header = {}, ...rest] = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(Object.keys(header)).toEqual(members)
  expect(header).toMatchObject({ format: 'coffer-backup', version: 1, secrets: 2, versions: 3 })
  const heads = rest.filter((line) => 'h' in line).map(({ h }) => h as unknown[])
  const secrets = heads.filter(([kind]) => kind === 'secret').map(([, at]) => at)
  expect(secrets).toEqual(['shop/a', 'shop/b'])
  expect(rest.filter((line) => 'v' in line)).toHaveLength(3)
  expect(rest.at(-1)).toEqual({ end: { heads: heads.length, versions: 3 } })
  const sealed = rest.flatMap(({ h, v }) => (h ?? v ?? []) as unknown[]).map(String)
  for (const text of [...lines, ...sealed.map((t) => Buffer.from(t, 'base64').toString('latin1'))])
    expect(text).not.toContain('c4n4ry')
})
