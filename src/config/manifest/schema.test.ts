import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Ajv } from 'ajv'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { LIMITS } from '../../core/limits.ts'
import { TYPES } from '../../core/types/table.ts'
import { ConfigError } from '../index.ts'
import { findProject } from '../project.ts'

const SCHEMA = JSON.parse(
  readFileSync(new URL('../../../schema/coffer.schema.json', import.meta.url), 'utf8'),
)
const fits = new Ajv({
  allErrors: true,
  allowUnionTypes: true,
  strictRequired: false,
  strictTypes: false,
}).compile(SCHEMA)

let home: string
beforeAll(async () => void (home = await mkdtemp(path.join(tmpdir(), 'coffer-schema-'))))
afterAll(() => rm(home, { recursive: true }))

/** Whether the reader takes it; what else goes wrong is a bug. */
async function isRead(yaml: string): Promise<boolean> {
  const dir = await mkdtemp(path.join(home, 'x'))
  await writeFile(path.join(dir, 'coffer.yaml'), yaml)
  try {
    return (await findProject(dir)) !== undefined
  } catch (error) {
    if (error instanceof ConfigError) return false
    throw error
  }
}

const HEAD = 'project: shop\nenvironments: [dev, prod]\n'
const secret = (inner: string) => `${HEAD}secrets: { api/key: ${inner} }`

const GOOD = [
  '{ "$schema": ./x.json, "project": shop }',
  '# nothing yet\n',
  'project: shop\nprefix: ${project}/${env}/api\ndataDir: ./.coffer\nconfig: app.ts',
  'secrets: { a b: x, DB_URL: , c: { secretRef: "env:X", env: Y, type: url, optional: true } }',
  'providers: { one: { kind: file, dir: /run, raw: true }, env: }\nsecrets: { a: "one:x" }',
  HEAD,
  'project: shop\nenvironments: { dev: , prod: { provider: env, prefix: a/b, description: x } }',
  `${HEAD}environment: dev\ndestinations: { web: { kind: vercel, a: [b], c: { d: e }, f: true }, dotenv: }`,
  `${HEAD}workloads: { api: , w: { actor: "service:\${env}-w", namespace: "x-\${env}", serviceAccount: y } }`,
  secret(''),
  secret('other/path'),
  secret('{ secretRef: "env:X" }'),
  secret('{ secretRef: { path: a/b, provider: env, field: c.d, encoding: hex } }'),
  secret('{ secretRef: { path: a/b, label: previous, envName: X } }'),
  secret('{ secretRef: { prod: "env:X", dev: { path: y, version: 2 } } }'),
  secret('{ secretRef: { secretKeyRef: { name: db, key: password } } }'),
  secret('{ secretRef: { valueFrom: { secretKeyRef: { name: a, key: b.c, namespace: n } } } }'),
  secret('{ secretRef: { prod: { secretKeyRef: { name: db, key: p } }, dev: x } }'),
  secret('{ type: { name: string, pattern: "[a-z]+", min: 1, max: 9 } }'),
  secret('{ type: { name: json, schema: { type: object } } }'),
  secret('{ type: { name: encryptionKey, lengthBytes: 32 } }'),
  secret('{ owner: a@b.example, classification: restricted, description: "a\\nb" }'),
  secret('{ rotate: { every: 1d } }'),
  secret('{ rotate: { every: 1000d, automatic: true } }'),
  secret('{ rotate: }'),
  secret('{ usedBy: [api], environments: [prod], optional: false, env: KEY }'),
  secret('{ deliver: [] }'),
  secret('{ deliver: [{ to: dotenv, file: x, name: Y, environments: [prod] }, { to: k8s }] }'),
]

/** Refused by both. */
const BAD = [
  secret('{ secretRef: { secretKeyRef: { name: db } } }'),
  secret('{ secretRef: { secretKeyRef: { name: db, key: a, path: b } } }'),
  secret('{ secretRef: { valueFrom: { configMapKeyRef: { name: db, key: a } } } }'),
  '- x',
  'projekt: x',
  'project: 7',
  'project: ""',
  'project: a/b',
  'project: [x]',
  'dataDir: 1',
  'environments: [dev]',
  'project: shop\nenvironments: {}',
  'project: shop\nenvironments: []',
  'project: shop\nenvironments: dev',
  'project: shop\nenvironments: [dev, dev]',
  'project: shop\nenvironments: [a b]',
  'project: shop\nenvironments: { a b: }',
  'project: shop\nenvironments: { dev: x }',
  'project: shop\nenvironments: { dev: { provder: env } }',
  'project: shop\nenvironments: { dev: { provider: 1 } }',
  'destinations: {}',
  'workloads: {}',
  'secrets: []',
  'secrets: { a: { owner: x } }',
  'secrets: { a: { deliver: [] } }',
  'secrets: { a: { typ: url } }',
  'providers: { One: { kind: env } }',
  'providers: { one: { kind: Env } }',
  'providers: { env: { port: 7 } }',
  'providers: []',
  `${HEAD}destinations: { a b: { kind: vercel } }`,
  `${HEAD}destinations: { web: { kind: "" } }`,
  `${HEAD}destinations: { web: { kind: vercel, port: 7 } }`,
  `${HEAD}destinations: { web: { kind: vercel, a: [[b]] } }`,
  `${HEAD}workloads: { api: { actr: x } }`,
  `${HEAD}workloads: { api: { actor: nobody } }`,
  `${HEAD}workloads: { api: { namespace: a/b } }`,
  `${HEAD}workloads: { api: { namespace: "a-\${nope}" } }`,
  `${HEAD}secrets: { a b: }`,
  `${HEAD}secrets: { /a: }`,
  `${HEAD}secrets: { a//b: }`,
  secret('7'),
  secret('[x]'),
  secret('""'),
  secret('{ ownr: x }'),
  secret('{ owner: 7 }'),
  secret('{ owner: " " }'),
  secret('{ type: nope }'),
  secret('{ type: { min: 1 } }'),
  secret('{ type: { name: string, mn: 1 } }'),
  secret('{ rotate: 90d }'),
  secret('{ rotate: { every: 90 } }'),
  secret('{ rotate: { every: 12h } }'),
  secret('{ rotate: { every: 0d } }'),
  secret('{ rotate: { every: 090d } }'),
  secret('{ rotate: { every: 1001d } }'),
  secret('{ rotate: { evry: 1d } }'),
  secret('{ rotate: { automatic: 1 } }'),
  secret('{ usedBy: api }'),
  secret('{ usedBy: [] }'),
  secret('{ usedBy: [a, a] }'),
  secret('{ usedBy: [a b] }'),
  secret('{ environments: [] }'),
  secret('{ optional: 1 }'),
  secret('{ env: 1X }'),
  secret('{ env: }'),
  secret('{ secretRef: 7 }'),
  secret('{ secretRef: { path: a, labl: b } }'),
  secret('{ secretRef: { path: a, version: 0 } }'),
  secret('{ secretRef: { path: a, encoding: rot13 } }'),
  secret('{ secretRef: { prod: 7 } }'),
  secret('{ deliver: {} }'),
  secret('{ deliver: [dotenv] }'),
  secret('{ deliver: [{ name: X }] }'),
  secret('{ deliver: [{ to: dotenv, environments: [] }] }'),
  secret('{ deliver: [{ to: dotenv, port: 7 }] }'),
]

/** What only the reader knows: names that stand for something else in the file, or in the code. */
const BEYOND = [
  'a: 1\na: 2',
  `${HEAD}environment: stage`,
  'providers: { one: { kind: nope } }',
  'project: shop\nenvironments: { dev: { provider: nope } }',
  'project: shop\nenvironments: { dev: { prefix: a/../b } }',
  secret('../x'),
  secret('{ environments: [stage] }'),
  secret('{ secretRef: { stage: x } }'),
  secret('{ secretRef: "nope:x" }'),
  secret('{ type: { name: url, lengthBytes: 3 } }'),
  secret('{ type: { name: string, pattern: "(" } }'),
  secret('{ deliver: [{ to: Dotenv }] }'),
  secret('{ deliver: [{ to: dotenv, file: "${stage}" }] }'),
  secret('{ environments: [dev], deliver: [{ to: dotenv, environments: [prod] }] }'),
  `${secret('{ usedBy: [web] }')}\nworkloads: { api: }`,
  `${secret('{ deliver: [{ to: web, a: b }] }')}\ndestinations: { web: { kind: x, a: b } }`,
]

test.each(GOOD)('%j is taken by reader and schema', async (yaml) => {
  expect(fits(parse(yaml)), JSON.stringify(fits.errors)).toBe(true)
  expect(await isRead(yaml)).toBe(true)
})

test.each(BAD)('%j is refused by reader and schema', async (yaml) => {
  expect(fits(parse(yaml))).toBe(false)
  expect(await isRead(yaml)).toBe(false)
})

test.each(BEYOND)('%j is refused by the reader', async (yaml) => {
  expect(await isRead(yaml)).toBe(false)
})

test('the schema has the types and the limits that the code has', () => {
  const { definitions, properties } = SCHEMA
  const { type, secretRef, deliver, owner, description } = definitions.secret.properties
  expect(type.anyOf[0].enum).toEqual(Object.keys(TYPES))
  expect(type.anyOf[1].properties.name.enum).toEqual(Object.keys(TYPES))
  expect(type.anyOf[1].properties.pattern.maxLength).toBe(LIMITS.typePatternCharsMax)
  expect(secretRef.anyOf[0].$ref).toBe('#/definitions/reference')
  expect(definitions.reference.anyOf[0].maxLength).toBe(LIMITS.referenceCharsMax)
  expect(deliver.maxItems).toBe(LIMITS.manifestListMax)
  expect(owner.maxLength).toBe(LIMITS.ownerCharsMax)
  expect(description.maxLength).toBe(LIMITS.descriptionCharsMax)
  expect(properties.secrets.maxProperties).toBe(LIMITS.configFieldsMax)
  expect(properties.environments.anyOf[0].maxItems).toBe(LIMITS.manifestEnvironmentsMax)
  expect(definitions.secret.properties.rotate.properties.every.default).toBe(
    `${LIMITS.rotateEveryDaysDefault}d`,
  )
})

test('the manifest that the documentation begins with is one', async () => {
  const page = readFileSync(new URL('../../../docs/manifest.md', import.meta.url), 'utf8')
  const [, yaml = ''] = /```yaml\n([^]*?)```/.exec(page) ?? []
  expect(yaml).toContain('environments: [preview, staging, prod]')
  expect(fits(parse(yaml))).toBe(true)
  expect(await isRead(yaml)).toBe(true)
})
