#!/usr/bin/env node
// Old syntax on purpose: an old Node must get as far as telling what it is.
import { existsSync } from 'fs'
import { fileURLToPath } from 'url'

var found = process.versions.node.split('.').map(Number)
var recent = found[0] > 24 || (found[0] === 24 && found[1] >= 16)

if (!recent) {
  console.error('coffer needs Node >= 24.16; this is v' + process.versions.node + ' (' + process.execPath + ')')
  process.exit(70)
}

var built = new URL('../dist/cli.js', import.meta.url)
var entry = existsSync(fileURLToPath(built)) ? built : new URL('../src/cli/main.ts', import.meta.url)
import(entry.href).then(function (cli) {
  return cli.main()
})
