// Marks in a build what runs at a start, so that V8 compiles that with its file, and nothing else.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseAst } from 'rolldown/parseAst'

/**
 * Starts the build in `dist` as a shell and an application do, with the Node at `node`, and puts the
 * functions that ran in parentheses, which V8 takes for a sign that they will be called: they are
 * compiled with their file rather than read a second time, and so are in Node's compile cache, which
 * holds nothing that is compiled later. What did not run is not compiled. Methods cannot be marked.
 */
export function markStarted(dist, node) {
  for (const [file, ran] of functionsThatRan(dist, node)) {
    writeFileSync(file, marked(readFileSync(file, 'utf8'), ran))
  }
}

/** By file the ranges (`start:end`) of its functions that ran in any of the starts. */
function functionsThatRan(dist, node) {
  const dir = mkdtempSync(path.join(tmpdir(), 'coffer-build-'))
  const coverage = path.join(dir, 'coverage')
  const start = (program, args, env = {}) => {
    const { status, stderr, error } = spawnSync(node, [path.join(dir, program), ...args], {
      cwd: dir,
      encoding: 'utf8',
      env: {
        HOME: dir,
        COFFER_DATA_DIR: path.join(dir, 'data'),
        COFFER_MASTER_KEY: Buffer.alloc(32, 1).toString('base64'),
        ...env,
      },
    })
    if (status !== 0) throw new Error(`a start of the build failed: ${error?.message ?? stderr}`)
  }
  const entry = (name) => JSON.stringify(pathToFileURL(path.join(dist, `${name}.js`)))
  try {
    writeFileSync(path.join(dir, 'shell.mjs'), SHELL.replace('ENTRY', entry('cli')))
    writeFileSync(path.join(dir, 'application.mjs'), APPLICATION.replace('ENTRY', entry('index')))
    writeFileSync(path.join(dir, 'values.env'), 'ONE=1\nTWO=2\n')
    start('shell.mjs', ['init'])
    start('shell.mjs', ['import', 'values.env', '--prefix', 'a/b'])
    const covered = { NODE_V8_COVERAGE: coverage }
    start('shell.mjs', ['get', 'a/b/one'], covered)
    start('shell.mjs', ['run', '--prefix', 'a/b', '--', process.execPath], covered)
    start('application.mjs', [], covered)
    return rangesIn(coverage, dist)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** A process that becomes another one leaves no coverage: this one ends instead. */
const SHELL = `
import { main } from ENTRY
process.execve = () => process.exit(0)
await main()
`

const APPLICATION = `
import { defineConfig, openCoffer, secretRef } from ENTRY
const coffer = await openCoffer()
const refs = { one: secretRef('one'), two: secretRef('two') }
const config = await defineConfig(refs, { prefix: 'a/b' }).load({ coffer })
if (config.two.reveal() !== '2') throw new Error('another value')
process.exit(0)
`

function rangesIn(coverage, dist) {
  const ran = new Map()
  for (const name of readdirSync(coverage)) {
    const { result } = JSON.parse(readFileSync(path.join(coverage, name), 'utf8'))
    for (const { url, functions } of result) {
      if (!url.startsWith(pathToFileURL(dist + path.sep).href)) continue
      const file = fileURLToPath(url)
      if (!ran.has(file)) ran.set(file, new Set())
      for (const { ranges } of functions) {
        const [{ startOffset, endOffset, count }] = ranges
        if (count > 0) ran.get(file).add(`${startOffset}:${endOffset}`)
      }
    }
  }
  return ran
}

/** Declarations become constants ahead of everything else, where they would have been hoisted to. */
function marked(code, ran) {
  const { body } = parseAst(code)
  const didRun = ({ start, end }) => ran.has(`${start}:${end}`)
  const declared = body.filter((node) => node.type === 'FunctionDeclaration' && didRun(node))
  const marks = [...expressionsIn(body)]
    .filter(didRun)
    .flatMap(({ start, end }) => [
      { at: start, mark: '(' },
      { at: end, mark: ')' },
    ])
    .sort((a, b) => a.at - b.at)
  const part = (from, to) => {
    let text = ''
    for (const { at, mark } of marks) {
      if (at < from || at >= to) continue
      text += code.slice(from, at) + mark
      from = at
    }
    return text + code.slice(from, to)
  }
  let at = body.find(({ type }) => type !== 'ImportDeclaration')?.start ?? code.length
  let constants = code.slice(0, at)
  let rest = ''
  for (const { id, start, end } of declared) {
    constants += `const ${id.name}=(${part(start, end)});\n`
    rest += part(at, start)
    at = end
  }
  return constants + rest + part(at, code.length)
}

/** Functions as expressions; a method has the range of its definition, which no mark can precede. */
function* expressionsIn(node, parent) {
  if (node === null || typeof node !== 'object') return
  const isMethod = parent?.type === 'MethodDefinition' || parent?.method === true
  if (/^(?:ArrowFunction|Function)Expression$/.test(node.type) && !isMethod) yield node
  for (const child of Object.values(node)) {
    yield* expressionsIn(child, node.type === undefined ? parent : node)
  }
}
