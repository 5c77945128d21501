// Builds dist/: bundles by rolldown, declarations by tsc. Runs on Node >= 20.19, since `npm ci` may.
// `--when-possible` is for npm's script `dependencies`, which runs after an install here and nowhere else:
// of a package with `prepare` npm warns whoever installs it. An install never fails for want of a build.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
process.chdir(root)

const whenPossible = process.argv.includes('--when-possible')

// `npm ci --omit=dev` brings nothing to build with; a packed package has nothing to build from.
if (!whenPossible || (existsSync('src') && existsSync('node_modules/rolldown'))) {
  await build().catch((error) => {
    console.error(`coffer: not built: ${error.message}`)
    process.exitCode = whenPossible ? 0 : 1
  })
}

/** Replaces dist/ as a whole, so that no process ever loads half of a build. */
async function build() {
  const fresh = mkdtempSync(path.join(root, 'dist.'))
  const old = `${fresh}.old`
  try {
    await bundle(fresh)
    await tune(fresh)
    chmodSync(fresh, 0o755)
    const declared = declare(path.join(fresh, 'types'))
    if (existsSync('dist')) renameSync('dist', old)
    renameSync(fresh, 'dist')
    if (!declared) throw new Error('the declarations have type errors; the bundles are in place.')
  } finally {
    rmSync(old, { recursive: true, force: true })
    rmSync(fresh, { recursive: true, force: true })
  }
}

async function bundle(dir) {
  const [{ rolldown }, config] = await Promise.all([import('rolldown'), import('./bundles.js')])
  const bundled = await rolldown({ ...config.input, logLevel: 'warn' })
  await bundled.write({ ...config.output, dir })
  await bundled.close()
}

/** For speed only: a build that cannot be started here works as well. */
async function tune(dir) {
  const [{ findNode }, { markStarted }] = await Promise.all([
    import('./toolchain.js'),
    import('./started.js'),
  ])
  try {
    const node = findNode()
    if (node === undefined) throw new Error('there is no Node >= 24.16 to start it on.')
    markStarted(dir, node)
  } catch (error) {
    console.error(`coffer: built, but not for a quick start: ${error.message}`)
  }
}

function declare(outDir) {
  const args = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', outDir]
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' })
  for (const name of readdirSync(outDir, { recursive: true })) {
    const file = path.join(outDir, name)
    if (file.endsWith('.d.ts')) writeFileSync(file, asPublished(readFileSync(file, 'utf8')))
  }
  return status === 0
}

/** Our sources import `./x.ts`; what is published is found by every resolver as `./x.js`. */
function asPublished(text) {
  const relative = /((?:from|import)\s*\(?\s*)(['"])(\.{1,2}\/[^'"]+)\.ts\2/g
  return text.replace(relative, '$1$2$3.js$2')
}
