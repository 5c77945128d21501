import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { privateDir } from './private-dir.ts'

const home = mkdtempSync(join(tmpdir(), 'coffer-private-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

test('what a later run put in place of a file is not removed with it', async () => {
  const root = join(home, 'files')
  const earlier = privateDir(root)
  const names = ['db-url', 'deep/api-key']
  const written = new Map(names.map((name) => [name, earlier.write(name, Buffer.from('one'))]))
  const later = privateDir(root)
  // Several times, since one of them may be given the inode that the first had.
  let again = ''
  for (let i = 0; i < 4; i++) {
    await sleep(20)
    again = later.write('db-url', Buffer.from('one'))
    earlier.remove(written, [])
    expect(readFileSync(join(root, 'db-url'), 'utf8')).toBe('one')
  }

  earlier.remove(written, earlier.made)
  expect(readFileSync(join(root, 'db-url'), 'utf8')).toBe('one')
  expect(existsSync(join(root, 'deep'))).toBe(false)

  later.remove(new Map([['db-url', again]]), earlier.made)
  expect(existsSync(root)).toBe(false)
})
