#!/usr/bin/env node
// Old syntax on purpose: an old Node must get as far as telling what it is.
var found = process.versions.node.split('.').map(Number)

if (found[0] < 24 || (found[0] === 24 && found[1] < 16)) {
  console.error(
    'coffer needs Node >= 24.16; this is v' + process.versions.node + ' (' + process.execPath + ')',
  )
  process.exit(70)
}

// Imports of built-in modules would load far more than the one function that is needed.
var built = new URL('../dist/cli.js', import.meta.url)
var isBuilt = process.getBuiltinModule('fs').existsSync(built)

import(isBuilt ? built.href : new URL('../src/cli/main.ts', import.meta.url).href)
  .then(function (cli) {
    return cli.main()
  })
  .catch(function (error) {
    console.error('coffer cannot start (' + (error.code || error.name) + '): install it again')
    process.exit(70)
  })
