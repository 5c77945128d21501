import { expect, test } from 'vitest'
import { importsOf, sources } from './sources.ts'
import type { Import } from './sources.ts'

/**
 * The import table of ARCHITECTURE.md. A room is the longest of these names that a file's path
 * begins with; it may import itself and the rooms named here.
 */
const ROOMS: Record<string, readonly string[]> = {
  'src/core': [],
  'src/crypto': ['src/core'],
  'src/engine': ['src/core', 'src/crypto'],
  'src/adapters/backups': ['src/core'],
  'src/adapters/destinations': ['src/core', 'src/adapters/net'],
  'src/adapters/logs': ['src/core', 'src/crypto'],
  'src/adapters/jwt': ['src/core'],
  'src/adapters/net': ['src/core', 'src/crypto'],
  'src/adapters/providers': ['src/core', 'src/client', 'src/adapters/net'],
  'src/adapters/seals': ['src/core', 'src/crypto'],
  'src/adapters/sinks': ['src/core'],
  'src/adapters/stores': ['src/core'],
  'src/config': ['src/core', 'src/adapters/providers'],
  'src/client': ['src/core'],
  'src/testing': ['src/core'],
  'src/compose': ['src/core', 'src/crypto', 'src/engine', 'src/adapters'],
  'src/server': ['src/core', 'src/client', 'src/compose'],
  'src/cli': ['src/core', 'src/client', 'src/config', 'src/compose', 'src/server'],
  'src/index': ['src/core', 'src/client', 'src/config', 'src/compose'],
}

/** Rooms without I/O may use these of Node and no others. */
const PURE = ['src/core', 'src/crypto', 'src/engine']
const PURE_BUILTINS = /^node:(buffer|crypto|util|v8)$/

/** Packages, by the only room (or file) that may import them. */
const PACKAGES: Record<string, string> = {
  '@aws-sdk/client-secrets-manager': 'src/adapters/',
  '@azure/identity': 'src/adapters/',
  '@azure/keyvault-secrets': 'src/adapters/',
  '@kubernetes/client-node': 'src/adapters/',
  '@noble/ciphers': 'src/adapters/destinations',
  '@noble/curves': 'src/adapters/destinations',
  '@noble/hashes': 'src/adapters/destinations',
  'age-encryption': 'src/adapters/backups',
  ajv: 'src/core/types',
  dotenv: 'src/',
  fastify: 'src/server',
  jose: 'src/adapters/jwt',
  pino: 'src/server',
  'prom-client': 'src/server',
  'shamir-secret-sharing': 'src/adapters/seals',
  zod: 'src/',
  yaml: 'src/',
  vitest: 'src/testing',
  'fast-check': 'src/testing',
}

const all = sources('src')
const imports = all.flatMap(importsOf)
const roomOf = (file: string) =>
  Object.keys(ROOMS)
    .filter((room) => file === `${room}.ts` || file.startsWith(`${room}/`))
    .toSorted((a, b) => b.length - a.length)[0]

test('the law sees the whole of src', () => {
  expect(all.length).toBeGreaterThan(80)
  expect(imports.length).toBeGreaterThan(250)
})

test('every file is in a room', () => {
  expect(all.map(({ file }) => file).filter((file) => roomOf(file) === undefined)).toEqual([])
})

test('a room imports only itself and the rooms that its row names', () => {
  expect(imports.filter(forbidden).map(show)).toEqual([])
})

test('rooms without I/O import no part of Node that does I/O', () => {
  const found = imports.filter(
    ({ from, to }) =>
      to.startsWith('node:') && PURE.includes(roomOf(from) ?? '') && !PURE_BUILTINS.test(to),
  )
  expect(found.map(show)).toEqual([])
})

test('the process is reached as a global', () => {
  // Its module form reads every property: that opens stdin and stdout, and costs 15 ms.
  expect(imports.filter(({ to }) => /^(?:node:)?process$/.test(to)).map(show)).toEqual([])
})

test('a package is imported where it belongs', () => {
  const found = imports.filter(({ from, to }) => {
    if (to.startsWith('src/') || to.startsWith('node:')) return false
    const [name = ''] = to.split('/')
    const home = PACKAGES[to.startsWith('@') ? to.split('/', 2).join('/') : name]
    return home === undefined || !from.startsWith(home)
  })
  expect(found.map(show)).toEqual([])
})

test('the law catches a planted import', () => {
  const planted = importsOf({
    file: 'src/core/planted.ts',
    code: "import { a } from './path.ts'\nimport type { B } from '../engine/b.ts'\nawait import('../cli/c.ts')\nexport * from '../crypto/d.ts'",
  })
  expect(planted.map(({ to }) => to)).toEqual([
    'src/core/path.ts',
    'src/engine/b.ts',
    'src/cli/c.ts',
    'src/crypto/d.ts',
  ])
  expect(planted.filter(forbidden)).toHaveLength(3)
})

function forbidden({ from, to }: Import): boolean {
  if (!to.startsWith('src/')) return to.startsWith('..')
  const [mine, theirs] = [roomOf(from), roomOf(to)]
  if (mine === undefined || mine === theirs) return false
  return !(ROOMS[mine] ?? []).some((room) => theirs === room || theirs?.startsWith(`${room}/`))
}

const show = ({ from, to }: Import) => `${from} imports ${to}`
