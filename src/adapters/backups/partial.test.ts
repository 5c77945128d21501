import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { writeAgeFile } from './age-file.ts'
import { partialOf, removeAbandoned } from './partial.ts'

function folderWith(hoursAgo: Readonly<Record<string, number>>): string {
  const dir = mkdtempSync(path.join(tmpdir(), 'coffer-partial-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  for (const [name, hours] of Object.entries(hoursAgo)) {
    const file = path.join(dir, name)
    writeFileSync(file, '')
    const at = Date.now() / 1_000 - hours * 3_600
    utimesSync(file, at, at)
  }
  return dir
}

test('only what looks abandoned of this very file is removed', async () => {
  const kept = {
    'b.age': 9,
    'b.age.00112233aabb.partial': 0.9,
    'b.age.old.partial': 9,
    'b.age.0a.partial.txt': 9,
    'b.age2.0a.partial': 9,
    'a.b.age.0a.partial': 9,
  }
  const dir = folderWith({ ...kept, 'b.age.00112233aabc.partial': 1.1, 'b.age.4711.partial': 9 })
  await removeAbandoned(path.join(dir, 'b.age'))
  expect(readdirSync(dir).toSorted()).toEqual(Object.keys(kept).toSorted())
})

test('a backup removes what earlier ones have left, and nothing stands where it is written', async () => {
  const dir = folderWith({ 'b.age.1.partial': 2 })
  const file = path.join(dir, 'b.age')
  const names: string[] = []
  async function* text() {
    names.push(...readdirSync(dir))
    yield 'line\n'
  }
  await writeAgeFile(file, { passphrase: 'long enough words' }, text())
  expect(names).toEqual([expect.stringMatching(/^b\.age\.[0-9a-f]{12}\.partial$/)])
  expect(readdirSync(dir)).toEqual(['b.age'])
  expect(partialOf(file)).not.toBe(partialOf(file))
})

test('a folder that is not there is for the writer to tell', async () => {
  const removing = removeAbandoned(path.join(folderWith({}), 'none', 'b.age'))
  await expect(removing).resolves.toBeUndefined()
})
