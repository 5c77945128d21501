// `npm start [-- --once]`: the main job, for real. See scripts/demo/main.ts.
import { spawn } from 'node:child_process'
import path from 'node:path'
import process from 'node:process'
import { prepareBuild, prepareToolchain, root } from './toolchain.js'

const node = prepareToolchain()
prepareBuild(node)
const PATH = `${path.dirname(node)}${path.delimiter}${process.env.PATH ?? ''}`
const args = ['scripts/demo/main.ts', ...process.argv.slice(2)]
const demo = spawn(node, args, { cwd: root, stdio: 'inherit', env: { ...process.env, PATH } })
// Ctrl-C reaches the demo too, which tidies up and ends; this only waits for it.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => demo.kill('SIGTERM'))
demo.on('exit', (code) => {
  process.exitCode = code ?? 1
})
