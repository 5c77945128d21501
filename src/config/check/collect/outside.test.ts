import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { loadManifest } from '../../manifest/load.ts'
import { checkManifest } from '../check.ts'

const home = mkdtempSync(path.join(tmpdir(), 'coffer-outside-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))
const LOGIN = path.join(home, 'login.json')
writeFileSync(LOGIN, '{"setting":"canary"}')

let count = 0
/** A project in a repository, with files, and links by what they lead to. */
function project(files: Record<string, string>, links: Record<string, string>): string {
  const repository = path.join(home, `repository-${(count += 1)}`)
  const dir = path.join(repository, 'apps/web')
  const manifest = 'project: shop\nenvironments: [prod]\nsecrets: { api/key: { optional: true } }\n'
  const all = { 'coffer.yaml': manifest, '../../.git/HEAD.json': '{"ref":"canary"}', ...files }
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(path.dirname(path.join(dir, name)), { recursive: true })
    writeFileSync(path.join(dir, name), text)
  }
  for (const [name, to] of Object.entries(links)) {
    mkdirSync(path.dirname(path.join(dir, name)), { recursive: true })
    symlinkSync(to, path.join(dir, name))
  }
  return dir
}
async function findings(dir: string): Promise<string[]> {
  const manifest = await loadManifest(dir)
  if (manifest === undefined) throw new Error('There is no manifest.')
  const coffer = () => Promise.reject(new Error('Nothing is asked.'))
  const report = await checkManifest({
    manifest,
    environments: ['prod'],
    coffer,
    asks: false,
    now: 0,
  })
  return report.findings.map(({ code, path: at, message }) => `${code} ${at} ${message}`)
}
const schemaOf = (pattern: string) => ({
  'config/schema.json': JSON.stringify({ additionalProperties: { pattern } }),
})

test.each([
  ['a file of the machine', { 'config/prod.json': LOGIN }],
  ['what Git keeps', { 'config/prod.json': '../../../.git/HEAD.json' }],
  ['by a folder', { 'config/x': home, 'config/prod.json': 'x/login.json' }],
  ['by another link', { 'config/prod.json': 'two.json', 'config/two.json': LOGIN }],
])('who writes a schema learns nothing of %s', async (_, links) => {
  const [fits, not] = await Promise.all(
    ['^c', '^x'].map((pattern) => findings(project(schemaOf(pattern), links))),
  )
  expect(fits).toEqual(not)
  expect(not?.join('\n')).toMatch(/^invalid_overlay config\/prod\.json A link leads it out/m)
})

test('a folder of overlays, and a schema, that are elsewhere are not looked at', async () => {
  const found = await findings(project({}, { config: home }))
  expect(found.join('\n')).toContain('A link leads it out')
  expect(found.join('\n')).not.toMatch(/login|canary/)
  expect(found.map((line) => line.split(' ')[1])).toEqual(['config', 'config'])
  const schema = { 'config/schema.json': LOGIN }
  expect(await findings(project({ 'config/prod.json': '{"a":1}' }, schema))).toEqual([
    expect.stringMatching(/^invalid_overlay config\/schema\.json A link/),
  ])
})

test('links within the repository are followed', async () => {
  const files = { ...schemaOf('^x'), '../common.json': '{"setting":"canary"}' }
  const found = await findings(project(files, { 'config/prod.json': '../../common.json' }))
  expect(found).toEqual([expect.stringContaining('must match pattern')])
})
