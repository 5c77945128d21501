// `npm run docs`: writes the pages that are made from tables in the code, on the pinned Node.
import process from 'node:process'
import { prepareToolchain, runOn } from './toolchain.js'

process.exitCode = runOn(prepareToolchain(), ['scripts/write-docs.ts'])
