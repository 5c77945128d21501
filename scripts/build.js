// Builds dist/: bundles by rolldown, declarations by tsc. Runs on Node >= 20.19, since `npm ci` may.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const whenPossible = process.argv.includes('--when-possible')

if (whenPossible && !(existsSync(path.join(root, 'src')) && installed('rolldown/package.json'))) {
  // `npm ci --omit=dev`, or no sources: there is nothing to build with or from.
  process.exit(0)
}
process.chdir(root)
await build()

/** Replaces dist/ as a whole, so that no process ever loads half of a build. */
async function build() {
  const fresh = mkdtempSync(path.join(root, 'dist.'))
  try {
    await bundle(fresh)
    const declared = declare(path.join(fresh, 'types'))
    const dist = path.join(root, 'dist')
    const old = `${fresh}.old`
    if (existsSync(dist)) renameSync(dist, old)
    renameSync(fresh, dist)
    rmSync(old, { recursive: true, force: true })
    if (!declared) throw new Error('The declarations have type errors; the bundles are in place.')
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

async function bundle(dir) {
  const [{ rolldown }, config] = await Promise.all([import('rolldown'), import('./bundles.js')])
  const bundled = await rolldown({ ...config.input, logLevel: 'warn' })
  await bundled.write({ ...config.output, dir })
  await bundled.close()
}

function declare(outDir) {
  const tsc = installed('typescript/bin/tsc')
  const args = [tsc, '-p', 'tsconfig.build.json', '--outDir', outDir]
  return spawnSync(process.execPath, args, { stdio: 'inherit' }).status === 0
}

function installed(name) {
  try {
    return createRequire(import.meta.url).resolve(name)
  } catch {
    const file = path.join(root, 'node_modules', name)
    return existsSync(file) ? file : undefined
  }
}
