import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { refusalOf } from '../../testing/refusal.ts'
import { ConfigError } from '../problem.ts'
import { loadManifest } from './load.ts'

let dir: string
beforeAll(async () => void (dir = await mkdtemp(path.join(tmpdir(), 'coffer-mistakes-'))))
afterAll(() => rm(dir, { recursive: true }))

const HEAD = 'project: shop\nenvironments: [prod]\n'

async function told(yaml: string): Promise<string[]> {
  await writeFile(path.join(dir, 'coffer.yaml'), yaml)
  const error = await refusalOf(() => loadManifest(dir))
  if (!(error instanceof ConfigError)) throw error
  return error.problems.map(({ position, message }) => `${position} ${message}`)
}

async function remedyOf(yaml: string): Promise<string | undefined> {
  await writeFile(path.join(dir, 'coffer.yaml'), yaml)
  const error = await refusalOf(() => loadManifest(dir))
  if (!(error instanceof ConfigError)) throw error
  return error.problems[0]?.remedy
}

test.each([
  [`${HEAD}secrets:\n\ta/b: {}\n`, 'spaces'],
  [`${HEAD}secrets:\n  a/b: { deliver: [{ to: dotenv, file: out.\${env}.env }] }\n`, 'quotes'],
  ['project: shop\nenvironments: [prod\nsecrets:\n  a/b: {}\n', 'not closed above'],
  [`${HEAD}---\nproject: other\n`, '---'],
  [`${HEAD}secrets:\n  a/b: &d { owner: me }\n  a/c: { <<: *d }\n`, 'Write the keys out'],
  [`${HEAD}secrets:\n  a/b: { owner: @me }\n`, 'quotes'],
])('what to do about YAML that cannot be read is said: %j', async (yaml, says) => {
  expect(await remedyOf(yaml)).toContain(says)
})

test('each part of the wrong shape is told with the shape that it must have', async () => {
  const yaml = `project: shop
environments: [prod]
secrets:
  a/b:
    owner: 5
    rotate: 90d
    usedBy: api
    optional: perhaps
  a/c: { rotate: { every: 90dd } }
`
  expect(await told(yaml)).toEqual([
    'coffer.yaml:5:12 "owner" must be text.',
    'coffer.yaml:6:13 "rotate" must be an object: { … }, or its keys indented below it.',
    'coffer.yaml:7:13 "usedBy" must be a list: [ … ], or lines that begin with a dash.',
    'coffer.yaml:8:15 "optional" must be true or false.',
    'coffer.yaml:9:27 "every" must be a number of days, such as 90d.',
  ])
})

test('a mistake is told once, and not again where it is relied upon', async () => {
  const secret = 'secrets:\n  a/b: { environments: [prod] }\n'
  expect(await told(`project: 12\nenvironments: [prod]\n${secret}`)).toEqual([
    'coffer.yaml:1:10 "project" must be text.',
  ])
  expect(await told(`project: shop\nenvironments: prod\n${secret}`)).toEqual([
    'coffer.yaml:2:15 "environments" must be a list of names, or an object with them.',
  ])
})

test('every mistake in a list of environments is told', async () => {
  expect(await told('project: shop\nenvironments: [prod, 5, "a b", true]\n')).toEqual([
    "coffer.yaml:2:22 An environment's name must be text.",
    expect.stringMatching(/^coffer\.yaml:2:25 An environment's name has at most 64 /),
    "coffer.yaml:2:32 An environment's name must be text.",
  ])
})
