import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

test('work that stopped without an end has failed, and says so', () => {
  const main = JSON.stringify(new URL('./main.ts', import.meta.url).href)
  const ends = (argv: readonly string[], work: string) => {
    const program = `(await import(${main})).main(${JSON.stringify(argv)}, () => ${work})`
    const args = ['--input-type=module', '--eval', program]
    return spawnSync(process.execPath, args, { encoding: 'utf8' })
  }
  const stopped = ends(['sync', 'apply'], 'new Promise(() => {})')
  expect([stopped.status, stopped.stdout]).toEqual([70, ''])
  expect(stopped.stderr).toMatch(
    /^error: It stopped before its work was done\.\n {2}code: internal\n/,
  )
  const inJson = ends(['check', '--json'], 'new Promise(() => {})')
  expect(JSON.parse(inJson.stderr)).toMatchObject({ error: { code: 'internal' } })
  expect(ends([], 'Promise.resolve(3)')).toMatchObject({ status: 3, stderr: '' })
})

test('a working directory that is gone is said to be, and stops only what needs it', () => {
  const program = new URL('./main.ts', import.meta.url).pathname
  const folder = mkdtempSync(join(tmpdir(), 'coffer-gone-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const start = join(folder, 'start.mjs')
  writeFileSync(start, `(await import(${JSON.stringify(program)})).main()`)
  const gone = (args: string) =>
    spawnSync(
      '/bin/sh',
      [
        '-c',
        `d=$(mktemp -d) && cd "$d" && rmdir "$d" && exec "$0" "$1" ${args}`,
        process.execPath,
        start,
      ],
      { encoding: 'utf8', env: { ...process.env, COFFER_DATA_DIR: '' } },
    )
  expect(gone('list')).toMatchObject({
    status: 66,
    stderr: expect.stringContaining('error: The working directory is not there any more.'),
  })
  expect(JSON.parse(gone('list --json').stderr)).toMatchObject({ error: { code: 'not_found' } })
  expect(gone('--data-dir /nonexistent/store list').stderr).toContain('code: store_missing')
})
