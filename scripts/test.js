// `npm test [-- FILTER…]`: unit, contract, property and law tests. `--slow` runs the slow ones.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { prepareBuild, prepareToolchain, root, runOn } from './toolchain.js'

const args = process.argv.slice(2)
const slow = args.includes('--slow')
const node = prepareToolchain()
prepareBuild(node)

const dir = mkdtempSync(path.join(tmpdir(), 'coffer-test-'))
const report = path.join(dir, 'report.json')
const exit = runOn(node, [
  'node_modules/vitest/vitest.mjs',
  'run',
  ...(slow ? ['--config', 'vitest.slow.config.ts'] : []),
  '--reporter=minimal',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...args.filter((arg) => arg !== '--slow'),
])
console.log(summary(report))
rmSync(dir, { recursive: true, force: true })
process.exitCode = exit

/** The closing line. What was skipped is named above it: a silent skip reads as a pass. */
function summary(file) {
  const results = JSON.parse(readFileSync(file, 'utf8'))
  const skipped = results.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'pending' || status === 'skipped' || status === 'todo')
      .map(({ fullName }) => `skipped: ${path.relative(root, name)}: ${fullName}`),
  )
  const counts = `${results.numPassedTests} passed, ${results.numFailedTests} failed, ${skipped.length} skipped`
  return [...skipped, counts].join('\n')
}
