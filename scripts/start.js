// `npm start`: the main job, for real. See scripts/demo/main.ts.
import process from 'node:process'
import { prepareBuild, prepareToolchain, runOn } from './toolchain.js'

const node = prepareToolchain()
prepareBuild(node)
process.exitCode = runOn(node, ['scripts/demo/main.ts'])
