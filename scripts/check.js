// `npm run check [STEP…]`: everything that is judged without running the product.
import process from 'node:process'
import { prepareBuild, prepareToolchain, runOn } from './toolchain.js'

const node = prepareToolchain()
const bin = (file, ...args) => runOn(node, [`node_modules/${file}`, ...args])

/** Each step returns an exit code. */
const STEPS = {
  types: () => bin('typescript/bin/tsc', '-p', '.'),
  lint: () => bin('oxlint/bin/oxlint', '--type-aware', '--deny-warnings', '--quiet'),
  format: () => bin('prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'),
  unused: () => bin('knip/bin/knip.js', '--no-progress', '--no-config-hints'),
  package: checkPackage,
  laws: () => bin('vitest/vitest.mjs', 'run', '--reporter=minimal', 'test/laws'),
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !(name in STEPS))
if (unknown.length > 0) {
  console.error(`No such step: ${unknown.join(', ')}. Steps: ${Object.keys(STEPS).join(', ')}.`)
  process.exit(64)
}

const failed = []
for (const [name, step] of Object.entries(STEPS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const began = performance.now()
  const passed = step() === 0
  if (!passed) failed.push(name)
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  console.log(`${passed ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`)
}
console.log(failed.length === 0 ? 'check passed' : `check failed: ${failed.join(', ')}`)
process.exitCode = failed.length === 0 ? 0 : 1

/** What a stranger's resolver and type checker make of the tarball. */
function checkPackage() {
  prepareBuild(node)
  const published = bin('publint/src/cli.js', '--strict')
  // Types of an ESM-only package cannot be resolved by CommonJS resolvers: the profile says so.
  const attw = 'node_modules/@arethetypeswrong/cli/dist/index.js'
  const types = runOn(node, [
    attw,
    '--pack',
    '.',
    '--profile',
    'esm-only',
    '--format',
    'table-flipped',
    '--quiet',
  ])
  return published || types
}
