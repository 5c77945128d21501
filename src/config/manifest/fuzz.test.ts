import {
  anything,
  array,
  assert,
  asyncProperty,
  constantFrom,
  dictionary,
  oneof,
  record,
} from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { expect, test } from 'vitest'
import { nodeOf } from '../document/node.ts'
import type { MapNode } from '../document/node.ts'
import { ConfigError } from '../problem.ts'
import { deliveriesOf } from './deliveries.ts'
import { collectMistakes } from './mistakes.ts'
import { planOf } from './plan.ts'
import { readManifest } from './read.ts'

const odd = oneof(
  anything({ maxDepth: 2 }),
  constantFrom('dev', 'constructor', '${env}', '${x}', 'env:X', '90d', '', 7, null),
)
/** Mostly what is right. */
const mostly = <T>(right: Arbitrary<T>) =>
  oneof({ weight: 24, arbitrary: right }, { weight: 1, arbitrary: odd })
const some = (...right: unknown[]) => mostly(constantFrom(...right))
const part = <T>(fields: { [K in keyof T]: Arbitrary<T[K]> }) =>
  mostly(record(fields, { requiredKeys: [] }))
const by = <T>(value: Arbitrary<T>, ...names: string[]) =>
  mostly(dictionary(constantFrom(...names), value, { maxKeys: 3 }))

const ENVIRONMENTS = ['dev', 'constructor']
const names = some(['dev'], ['constructor'], ENVIRONMENTS)
const line = part({
  to: some('web', 'dotenv'),
  name: some('X', 'Y_${env}', 'constructor'),
  file: some('out.${env}', 'f'),
  environments: names,
})
const secret = part({
  secretRef: some('x/y', '/abs', 'env:X', { dev: 'a' }, { path: 'p', version: 2 }),
  type: some('url', { name: 'string', max: 3 }),
  env: some('X', 'toString'),
  optional: some(true, false),
  owner: some('me'),
  rotate: part({ every: some('90d', '1d'), automatic: some(true) }),
  usedBy: some(['api'], ['constructor', 'api']),
  environments: names,
  deliver: mostly(array(line, { maxLength: 3 })),
})
const manifest = record({
  environments: some(ENVIRONMENTS, { dev: null, constructor: { prefix: '/a/${env}' } }),
  providers: by(some({ kind: 'env' }), 'one', 'constructor'),
  destinations: some({}, { web: { kind: 'vercel' } }),
  secrets: by(secret, 'api/key', 'constructor', 'toString/x', 'b'),
})

test('whatever a file says, it is a manifest that works or mistakes that are told', async () => {
  let read = 0
  await assert(
    asyncProperty(manifest, async (value) => {
      const node = nodeOf(value) as MapNode
      const mistakes = collectMistakes()
      const about = { prefix: undefined, environment: undefined }
      const file = { file: '/p/coffer.yaml', project: 'p', ...about }
      const found = await readManifest(node, file, mistakes)
      try {
        mistakes.refuse()
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError)
        return
      }
      read++
      for (const { name } of found.environments) {
        for (const place of planOf(found, name).places) {
          expect(place.kind === 'secret' && place.reference.ref.key).toMatch(/./)
        }
        try {
          deliveriesOf(found, name)
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError)
        }
      }
    }),
    { numRuns: 1_000, seed: 20_261_122 },
  )
  expect(read).toBeGreaterThan(200)
})
