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

/**
 * The closing lines. What was skipped is named: a silent skip reads as a pass. What failed stands
 * last, where an output that was cut still shows it.
 */
function summary(file) {
  const results = JSON.parse(readFileSync(file, 'utf8'))
  const told = (statuses, line) =>
    results.testResults.flatMap(({ name, assertionResults }) =>
      assertionResults
        .filter(({ status }) => statuses.includes(status))
        .map((result) => line(`${path.relative(root, name)}: ${result.fullName}`, result)),
    )
  const skipped = told(['pending', 'skipped', 'todo'], (test) => `skipped: ${test}`)
  const failed = told(['failed'], (test, { failureMessages }) =>
    [`FAILED: ${test}`, ...failureMessages.map(withoutRunner)].join('\n'),
  )
  const unread = results.testResults
    .filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0)
    .map(({ name, message }) => `FAILED: ${path.relative(root, name)}\n${message}`)
  const counts = `${results.numPassedTests} passed, ${results.numFailedTests} failed, ${skipped.length} skipped`
  return [...skipped, ...failed, ...unread, counts].join('\n')
}

/** The stack without the lines of the test runner itself. */
function withoutRunner(message) {
  const lines = message.split('\n')
  return lines.filter((line) => !/^ +at .*(node_modules|new Promise)/.test(line)).join('\n')
}
