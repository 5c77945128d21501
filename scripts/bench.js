// `npm run bench [-- NAME…]`: what is promised of speed, measured on the built package.
import process from 'node:process'
import { prepareBuild, prepareToolchain, runOn } from './toolchain.js'

const node = prepareToolchain()
prepareBuild(node)
process.exitCode = runOn(node, ['bench/run.ts', ...process.argv.slice(2)])
