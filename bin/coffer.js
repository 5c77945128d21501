#!/usr/bin/env node
// Old syntax on purpose: an old Node must get as far as telling what it is.
var found = process.versions.node.split('.').map(Number)

if (found[0] < 24 || (found[0] === 24 && found[1] < 16)) {
  console.error(
    'coffer needs Node >= 24.16; this is v' +
      process.versions.node +
      ' (' +
      process.execPath +
      '). For this project alone: npm install --save-dev node@26',
  )
  process.exit(70)
}

if (commandIn(process.argv.slice(2)) === 'serve') startAsServer()

// Imports of built-in modules would load far more than the few functions that are needed.
var fs = process.getBuiltinModule('fs')
var built = new URL('../dist/cli.js', import.meta.url)
var isBuilt = fs.existsSync(built)

if (isBuilt) keepCompiled()
import(isBuilt ? built.href : new URL('../src/cli/main.ts', import.meta.url).href)
  .then(function (cli) {
    return cli.main()
  })
  .catch(function (error) {
    console.error('coffer cannot start (' + (error.code || error.name) + '): install it again')
    process.exit(70)
  })

// Code that is compiled once starts 5 ms sooner. It is kept only where nobody else can put code.
function keepCompiled() {
  var home = process.env.XDG_CACHE_HOME || process.env.HOME + '/.cache'
  if (!process.getuid || home.charAt(0) !== '/') return
  try {
    fs.mkdirSync(home + '/coffer', { recursive: true, mode: 448 })
    if (isOurs(home, 18) && isOurs(home + '/coffer', 63)) {
      process.getBuiltinModule('module').enableCompileCache(home + '/coffer')
    }
  } catch {
    // No such place: it starts 5 ms later.
  }
}

// Options may stand before the command, and all but these take a value.
function commandIn(args) {
  for (var i = 0; i < args.length; i++) {
    if (args[i].charAt(0) !== '-') return args[i]
    if (!/^(--json|--quiet|-q|--no-color|--help|-h)$|=/.test(args[i])) i++
  }
}

// A server makes garbage of every request: with room for more of it, it is collected less often
// (docs/adr/0040). V8 takes this at its start only, so this process becomes a Node that was told.
function startAsServer() {
  var said = process.execArgv.join(' ') + ' ' + (process.env.NODE_OPTIONS || '')
  if (!process.execve || /semi[-_]space/.test(said)) return
  if (process.permission && !process.permission.has('child')) return
  var flags = ['--max-semi-space-size=64']
  process.execve(
    process.execPath,
    [process.execPath].concat(flags, process.execArgv, process.argv.slice(1)),
    process.env,
  )
}

// A folder of this very user, with none of these permission bits (18: 0o022, 63: 0o077).
function isOurs(folder, forbidden) {
  var stat = fs.lstatSync(folder)
  return stat.isDirectory() && stat.uid === process.getuid() && (stat.mode & forbidden) === 0
}
