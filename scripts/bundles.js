import { existsSync, readFileSync } from 'node:fs'
import { parseAst } from 'rolldown/parseAst'

/**
 * What the package's `exports` and `bin` name, and the module each is built from. Dynamic imports
 * stay chunks of their own, so that a command loads what it needs and nothing else.
 */
export const ENTRIES = {
  cli: './src/cli/main.ts',
  index: './src/index.ts',
  config: './src/config/index.ts',
  browser: './src/config/browser.ts',
  client: './src/config/client.ts',
  testing: './src/testing/index.ts',
}

/**
 * Modules that `coffer run`, `coffer get` and the library always load together are one file each:
 * a file costs about half a millisecond at start, whatever its size. A module that two groups reach
 * belongs to the earlier one.
 */
const GROUPS = [
  // What the entry for browsers shares with the server's.
  {
    name: 'core',
    test: /src[\\/](?:core[\\/](?:errors|limits|label|path|secret|value)|config[\\/](?:env-ref|plan|problem|variable))\.ts$/,
  },
  // Of the built-in modules only what is always there: one that takes time to load (crypto,
  // fs/promises) stays with those who need it.
  { name: 'index', test: /src[\\/]index\.ts$|^\0node:(?:buffer|fs|os|path|url)$/ },
  {
    name: 'platform',
    test: /src[\\/](?:compose\.ts|compose[\\/]open\.ts|adapters[\\/]stores[\\/]sqlite\.ts)$/,
  },
  {
    name: 'shell',
    test: /src[\\/]cli[\\/](?:dispatch|data-dir|process-world|remote|session|output|commands[\\/](?:run|get)|specs[\\/](?:run|values))\.ts$/,
  },
].map((group, index, { length }) => ({ ...group, priority: length - index }))

const { peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
const PEERS = Object.keys(peerDependencies)

/** Built-in modules with properties that load more of Node when they are read. */
const EAGER =
  /^node:(?:buffer|child_process|crypto|fs|fs\/promises|os|path|sqlite|timers\/promises|url|util)$/

/**
 * `import { x } from 'node:fs'` reads every property of the module, and so loads streams, promises,
 * MIME types and more: 5 ms at start. The same object by `process.getBuiltinModule` reads what is
 * used.
 */
const lazyBuiltins = {
  name: 'lazy-builtins',
  resolveId: {
    filter: { id: EAGER },
    handler: (id) => ({ id: `\0${id}`, moduleSideEffects: false }),
  },
  load: {
    filter: { id: /^\0node:/ },
    handler(id) {
      const name = id.slice(1)
      const exported = Object.keys(process.getBuiltinModule(name)).filter(isBindable)
      return [
        `const builtin = process.getBuiltinModule('${name}')`,
        'export default builtin',
        ...exported.map((key) => `export const ${key} = builtin.${key}`),
      ].join('\n')
    },
  },
}

/**
 * Escapes the few characters beyond ASCII, which are in strings only: one of them makes V8 keep and
 * scan the whole file as UTF-16, at 1 ms for the largest.
 */
const ascii = {
  name: 'ascii',
  generateBundle(_options, bundle) {
    for (const chunk of Object.values(bundle)) {
      chunk.code = chunk.code.replace(
        /[^\0-\x7f]/g,
        (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
      )
    }
  },
}

/**
 * A literal is checked when its file is read, also in a function that nobody calls, and V8 takes a
 * tenth of a millisecond to make a class of Unicode. Made by name it costs whoever needs it.
 */
const lateClasses = {
  name: 'late-classes',
  generateBundle(_options, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (!chunk.code.includes('\\p{')) continue
      for (const { start, end, regex } of [...classesIn(parseAst(chunk.code))].reverse()) {
        const made = `new RegExp(${JSON.stringify(regex.pattern)},"${regex.flags}")`
        chunk.code = chunk.code.slice(0, start) + made + chunk.code.slice(end)
      }
    }
  },
}

function* classesIn(node) {
  if (node === null || typeof node !== 'object') return
  if (node.regex?.pattern.includes('\\p{')) yield node
  else for (const child of Object.values(node)) yield* classesIn(child)
}

/**
 * Copies the one helper of the bundler to where it is used: a file of its own would be loaded at
 * every start.
 */
const inlineRuntime = {
  name: 'inline-runtime',
  generateBundle(_options, bundle) {
    const runtime = Object.values(bundle).find(({ name }) => name === 'rolldown-runtime')
    if (runtime === undefined) return
    const [, code, local, exported] = /^([^]*)export\s*\{\s*(\w+) as (\w+)\s*\};?\s*$/.exec(
      runtime.code,
    )
    const taken = new RegExp(
      `import\\s*\\{\\s*${exported} as ${local}\\s*\\}\\s*from\\s*"[^"]*/rolldown-runtime[^"]*";?`,
    )
    for (const chunk of Object.values(bundle)) chunk.code = chunk.code.replace(taken, () => code)
    if (Object.values(bundle).some((chunk) => chunk.code.includes(`rolldown-runtime`))) {
      throw new Error('The bundler uses its helpers in another way than is known here.')
    }
    delete bundle[runtime.fileName]
  },
}

/**
 * Puts the import of a package that need not be there into a `try` of its own. An application that is
 * bundled with us would not be: esbuild and webpack refuse an import that they cannot find anywhere else.
 */
const optionalPeers = {
  name: 'optional-peers',
  generateBundle(_options, bundle) {
    for (const chunk of Object.values(bundle)) {
      for (const { start, end } of [...peersIn(parseAst(chunk.code))].reverse()) {
        const tried = `(async()=>{try{return await ${chunk.code.slice(start, end)}}catch(error){throw error}})()`
        chunk.code = chunk.code.slice(0, start) + tried + chunk.code.slice(end)
      }
    }
  },
}

function* peersIn(node) {
  if (node === null || typeof node !== 'object') return
  if (node.type === 'ImportExpression' && PEERS.includes(textOf(node.source))) yield node
  else for (const child of Object.values(node)) yield* peersIn(child)
}

const textOf = ({ value, quasis }) => value ?? quasis?.[0].value.cooked

/**
 * Puts each statement and each member of a class on a line of its own. Node prints the line that
 * threw above an error nobody caught: without lines that is the whole bundle.
 */
const lines = {
  name: 'lines',
  generateBundle(_options, bundle) {
    for (const chunk of Object.values(bundle)) {
      const starts = [...new Set(startsIn(parseAst(chunk.code)))].sort((a, b) => a - b)
      const parts = starts.map((start, i) => chunk.code.slice(start, starts[i + 1]))
      chunk.code = [chunk.code.slice(0, starts[0]), ...parts].join('\n').trimStart()
    }
  },
}

function* startsIn(node) {
  if (node === null || typeof node !== 'object') return
  if (Array.isArray(node.body)) for (const { start } of node.body) yield start
  for (const child of Object.values(node)) yield* startsIn(child)
}

const isBindable = (key) => /^[A-Za-z]\w*$/.test(key) && key !== 'default'

export const input = {
  input: Object.fromEntries(Object.entries(ENTRIES).filter(([, file]) => existsSync(file))),
  platform: 'node',
  /** Packages are installed beside us, never bundled: one copy, and their own licences. */
  external: (id) => !/^[./\0]/.test(id) && !EAGER.test(id),
  plugins: [lazyBuiltins, inlineRuntime, lateClasses, ascii, optionalPeers, lines],
  transform: { target: 'node24' },
  treeshake: { moduleSideEffects: false, propertyReadSideEffects: false },
}

export const output = {
  format: 'esm',
  comments: false,
  chunkFileNames: 'chunks/[name]-[hash].js',
  /** Names stay, so that a stack can be read; spaces cost time at every start. */
  minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
  codeSplitting: { groups: GROUPS },
}
