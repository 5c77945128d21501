// Makes sure that the project's packages and its pinned Node are there. Runs on Node >= 20.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
export const MINIMUM = [24, 16]

/**
 * Installs what is missing and returns the path of a Node that runs the project.
 * Ends the process with one line that says what to do when there is none.
 */
export function prepareToolchain() {
  if (!packagesInstalled()) {
    console.log('installing packages (npm ci) …')
    const { status, stdout, stderr } = npm('ci', '--loglevel=error')
    if (status !== 0) {
      console.error(`${stdout ?? ''}${stderr ?? ''}`)
      stop('`npm ci` failed; its reason is above.')
    }
  }
  const node = findNode()
  if (node !== undefined) return node
  return stop(
    `this is Node ${process.versions.node}, and the pinned Node was not installed: ` +
      'run `npm rebuild node --allow-scripts=node`, or use Node >= 24.16.',
  )
}

/** The pinned Node, else this one where it is recent enough. */
export const findNode = () =>
  pinnedNode() ?? (recentEnough(process.versions.node) ? process.execPath : undefined)

/** Runs `args` on `node`, which is also first on its PATH, and returns the exit code. */
export function runOn(node, args, options = {}) {
  const PATH = `${path.dirname(node)}${path.delimiter}${process.env.PATH ?? ''}`
  const { status, signal, error } = spawnSync(node, args, {
    cwd: root,
    stdio: 'inherit',
    ...options,
    env: { ...process.env, ...options.env, PATH },
  })
  if (error !== undefined) stop(error.message)
  return signal === null ? status : 1
}

/** Builds dist/ when it is missing or older than a source. */
export function prepareBuild(node) {
  const built = path.join(root, 'dist', 'cli.js')
  if (existsSync(built) && statSync(built).mtimeMs > newest(path.join(root, 'src'))) return
  if (runOn(node, ['scripts/build.js']) !== 0) stop('the build failed; its reason is above.')
}

/** npm itself, the one that started us where there is one; its output is returned, not shown. */
function npm(...args) {
  const cli = process.env.npm_execpath
  const options = { cwd: root, encoding: 'utf8' }
  return cli !== undefined && /\.[cm]?js$/.test(cli)
    ? spawnSync(process.execPath, [cli, ...args], options)
    : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' })
}

function packagesInstalled() {
  const wanted = readJson(path.join(root, 'package-lock.json')).packages
  const { dependencies, devDependencies } = wanted['']
  return Object.keys({ ...dependencies, ...devDependencies }).every((name) => {
    const manifest = path.join(root, 'node_modules', name, 'package.json')
    if (!existsSync(manifest)) return false
    return readJson(manifest).version === wanted[`node_modules/${name}`].version
  })
}

function pinnedNode() {
  const node = path.join(root, 'node_modules', 'node', 'bin', 'node')
  if (!existsSync(node)) return undefined
  const { stdout, status } = spawnSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' })
  return status === 0 && recentEnough(stdout.trim()) ? node : undefined
}

export function recentEnough(version) {
  const [major, minor] = version.split('.').map(Number)
  return major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1])
}

const newest = (dir) =>
  Math.max(
    ...readdirSync(dir, { recursive: true }).map((name) => statSync(path.join(dir, name)).mtimeMs),
  )

const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'))

function stop(why) {
  console.error(`coffer: ${why}`)
  process.exit(1)
}
