// `npm run test:pack`: the packed tarball, installed in another project, works there.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { prepareBuild, prepareToolchain, recentEnough, root } from './toolchain.js'

const node = prepareToolchain()
prepareBuild(node)

const dir = mkdtempSync(path.join(tmpdir(), 'coffer-pack-'))
const env = {
  ...process.env,
  PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH ?? ''}`,
  HOME: dir,
  XDG_CONFIG_HOME: path.join(dir, 'config'),
  npm_config_cache: process.env.npm_config_cache ?? path.join(process.env.HOME ?? dir, '.npm'),
}
let passed = 0
let failed = 0

/** What a user of the package does, and what they must see. */
const USE = `
import { CofferError, Secret, defineConfig, env, memoryProvider, openCoffer, secretRef } from 'coffer'
import type { Coffer } from 'coffer'
import { defineConfig as again } from 'coffer/config'
const config = defineConfig(
  { name: env('SHOP_NAME'), url: secretRef('db-url') },
  { prefix: 'shop/dev/api' },
)
const cfg = await config.load({
  providers: { coffer: memoryProvider({ 'shop/dev/api/db-url': 'postgres://db' }) },
  processEnv: { SHOP_NAME: 'shop' },
})
const url: Secret<string> = cfg.url
const name: string = cfg.name
const open: () => Promise<Coffer> = openCoffer
console.log(name, url.reveal(), String(url), again === defineConfig, typeof open, CofferError.name)
`

/** A configuration of its own file, whose declarations are published or built upon. */
const DECLARED = `
import { defineConfig, secretRef } from 'coffer/config'
export default defineConfig({ url: secretRef('db-url'), old: secretRef('old').optional() })
`

/** The client entry loads where nothing of Node is. */
const BROWSER = `
const { log } = console
for (const name of ['process', 'Buffer', 'require', 'global']) delete globalThis[name]
import('coffer/client').then((client) => log(Object.keys(client).join()))
`

/** What an application that catches nothing shows: the error, not the bundle that threw it. */
const UNCAUGHT = `
import { openCoffer } from 'coffer'
await openCoffer({ dataDir: './nowhere' })
`
const UNCAUGHT_CHARS_MAX = 5000
const CAUGHT = `
import { openCoffer } from 'coffer'
await openCoffer({ dataDir: './nowhere' }).catch(({ code }) => console.log(code))
`

/** The server of the package, asked over TLS with what it says of itself, then stopped. */
const SERVE = `
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
const args = ['node_modules/coffer/bin/coffer.js', 'serve', '--listen', ':0', '--json', '--workers', '2']
const env = { ...process.env, COFFER_DATA_DIR: './served' }
const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'ignore'] })
const [line] = await once(child.stdout, 'data')
const { url, ca, token } = JSON.parse(line)
const ask = (path) => new Promise((resolve, reject) => {
  const headers = { authorization: 'Bearer ' + token }
  request(url + path, { ca: readFileSync(ca), headers, agent: false }, (r) => resolve(r.resume().statusCode))
    .once('error', reject).end()
})
console.log(await ask('/readyz'), await ask('/api/v1/self'), await ask('/v1/sys/health'))
child.kill('SIGTERM')
console.log('ended', (await once(child, 'exit'))[0])
`

try {
  const tarball = pack()
  writeFileSync(path.join(dir, 'package.json'), '{ "private": true, "type": "module" }\n')
  writeFileSync(path.join(dir, 'use.ts'), USE)
  writeFileSync(path.join(dir, 'declared.ts'), DECLARED)
  sees('npm', ['install', '--prefer-offline', '--loglevel=error', tarball], 0, '')
  noInstallScripts()
  peersAreTried()
  sees('npx', ['--no-install', 'coffer', '--help'], 0, 'coffer')
  sees('npx', ['--no-install', 'coffer', 'version', '--json'], 0, '"version"')
  sees(node, ['use.ts'], 0, 'shop postgres://db [secret shop/dev/api/db-url')
  for (const file of ['use.ts', 'declared.ts'])
    sees(node, ['--conditions=browser', file], 1, 'coffer/client')
  sees(node, ['-e', BROWSER], 0, 'env')
  sees(node, ['--input-type=module', '-e', UNCAUGHT], 1, 'store_missing', UNCAUGHT_CHARS_MAX)
  sees(node, ['--input-type=module', '-e', SERVE], 0, '200 200 200\nended 0')
  sees(
    node,
    [
      path.join(root, 'node_modules/typescript/bin/tsc'),
      ...typeChecking(),
      'use.ts',
      'declared.ts',
    ],
    0,
    '',
  )
  tryOlderNode()
} finally {
  rmSync(dir, { recursive: true, force: true })
}
console.log(`pack: ${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

/** Runs in the other project; notes whether it ended with `exit` and printed `text`. */
function sees(command, args, exit, text, charsMax = Infinity) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: dir, env, encoding: 'utf8' })
  const title = [path.basename(command), ...args].join(' ').replaceAll('\n', ' ').slice(0, 70)
  const printed = `${stdout}${stderr}`
  if (status === exit && printed.includes(text) && printed.length <= charsMax) {
    passed++
    console.log(`ok     ${title}`)
  } else {
    failed++
    console.log(`FAILED ${title}: exit ${status}\n${printed}`)
  }
}

function pack() {
  const args = ['pack', '--ignore-scripts', '--json', '--loglevel=error', '--pack-destination', dir]
  const { stdout, stderr, status } = spawnSync('npm', args, { cwd: root, env, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  const [{ filename, files }] = JSON.parse(stdout)
  const odd = files.map((file) => file.path).filter((file) => /\.test\.|^src\/|\.coffer/.test(file))
  if (odd.length > 0) throw new Error(`The package holds ${odd.join(', ')}.`)
  return path.join(dir, filename)
}

/** Of a package that has one of these npm asks whoever installs it for approval. */
function noInstallScripts() {
  const file = path.join(dir, 'node_modules/coffer/package.json')
  const { scripts } = JSON.parse(readFileSync(file, 'utf8'))
  const found = ['preinstall', 'install', 'postinstall', 'prepare'].filter(
    (name) => name in scripts,
  )
  if (found.length === 0) passed++
  else failed++
  console.log(`${found.length === 0 ? 'ok    ' : 'FAILED'} no install scripts ${found.join(', ')}`)
}

/** A bundler refuses the import of a package that is not there, unless it stands in a `try`. */
function peersAreTried() {
  const dist = path.join(dir, 'node_modules/coffer/dist')
  const { peerDependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
  const code = readdirSync(dist, { recursive: true })
    .filter((file) => file.endsWith('.js'))
    .map((file) => readFileSync(path.join(dist, file), 'utf8'))
    .join('\n')
  const untried = Object.keys(peerDependencies).filter((peer) => {
    const imports = code.match(new RegExp(`import\\(.${peer}.\\)`, 'g')) ?? []
    const tried =
      code.match(new RegExp(`try\\s*{\\s*return await import\\(.${peer}.\\)`, 'g')) ?? []
    return imports.length === 0 || tried.length < imports.length
  })
  if (untried.length === 0) passed++
  else failed++
  console.log(`${untried.length === 0 ? 'ok    ' : 'FAILED'} peers are tried ${untried.join(', ')}`)
}

/** As strict as a careful user's project, declarations included. */
function typeChecking() {
  const types = path.join(root, 'node_modules/@types')
  return [
    '--noEmit',
    '--declaration',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--typeRoots',
    types,
    '--types',
    'node',
  ]
}

/** An older Node is told so: by the command in one line, by the library with a code. */
function tryOlderNode() {
  const older = ['/usr/bin/node', '/usr/local/bin/node'].find(
    (file) => existsSync(file) && !recentEnough(versionOf(file)),
  )
  if (older === undefined) return console.log('skipped: no Node older than 24.16 on this machine')
  const { status, stdout, stderr } = spawnSync(
    older,
    ['node_modules/coffer/bin/coffer.js', 'list'],
    {
      cwd: dir,
      encoding: 'utf8',
    },
  )
  const lines = `${stdout}${stderr}`.trim().split('\n')
  const right = status === 70 && lines.length === 1 && lines[0].includes('24.16')
  if (right) passed++
  else failed++
  console.log(`${right ? 'ok    ' : 'FAILED'} on Node ${versionOf(older)}: ${lines.join(' / ')}`)
  sees(older, ['--input-type=module', '-e', CAUGHT], 0, 'unsupported_runtime')
}

function versionOf(file) {
  return spawnSync(file, ['-p', 'process.versions.node'], { encoding: 'utf8' }).stdout.trim()
}
