import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

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
