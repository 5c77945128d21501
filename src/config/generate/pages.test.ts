import { expect, test } from 'vitest'
import { onboardingOf } from './onboarding.ts'
import { secretNamesOf } from './secret-names.ts'
import { manifestOf, SHOP } from './test-manifest.ts'

test('names of secrets are members of one interface', async () => {
  const text = secretNamesOf(await manifestOf(SHOP))
  expect(text.split('\n')[0]).toContain('Made by coffer from the manifest')
  expect(text).toContain("declare module 'coffer/config'")
  expect(text).toContain(
    "    /** Takes payments · apiKey · payments@example.com */\n    readonly 'api/stripe-key': true",
  )
  expect(text).toContain('/** binary · only in prod */')
})

const ODD = `project: p
environments: { dev: { description: 'a | b <script>' }, prod: { provider: env } }
secrets:
  a/b:
    description: "ends */ here\\nand | there \`x\` [y](z)"
    owner: "it's me"
    type: { name: string, pattern: "a'b +" }
    deliver: [{ to: dotenv, file: x, name: 'A_\${env}' }]
  c/d: { optional: true, rotate: { every: 30d, automatic: true } }
`

test('words of a manifest are never markup or code', async () => {
  const manifest = await manifestOf(ODD)
  expect(secretNamesOf(manifest)).toContain('/** ends * / here and | there `x` [y](z)')
  const page = onboardingOf(manifest, manifest.environments)
  expect(page).toContain('ends \\*/ here and \\| there \\`x\\` \\[y\\](z)')
  expect(page).toContain('a \\| b \\<script\\>')
  expect(page).not.toContain('<script>')
  expect(page).toContain('dotenv as `A_prod`')
  expect(page).toContain('`c/d` (optional)')
  expect(page).toContain('30 days, by itself')
})

test('words of a manifest do not turn around how a declaration reads', async () => {
  const odd = ODD.replace('ends */ here', 'fine \\u202e*/ live \\u2066')
  expect(secretNamesOf(await manifestOf(odd))).toContain('/** fine \ufffd* / live \ufffd and')
})

test('no name of a manifest ends the code that it stands in', async () => {
  const manifest = await manifestOf(`project: p
environments: { prod: {} }
secrets:
  a/b:
    secretRef: "env:A\\n\`\`\`\\nrm -rf ~\\u202e"
    deliver: [{ to: json, file: x, name: "\`\` <img src=x> \`\`" }]
`)
  const page = onboardingOf(manifest, manifest.environments)
  expect(page).toContain('# a/b: env:A ``` rm -rf ~\u{fffd}\n')
  expect(page).toContain('json as ``` `` <img src=x> `` ```')
})

test('the page says how to set each, or where it is kept', async () => {
  const manifest = await manifestOf(ODD)
  const page = onboardingOf(manifest, manifest.environments)
  expect(page).toContain('\ncoffer set a/b --env dev\n')
  expect(page).toContain('Kept elsewhere, and set there:\n\n```sh\n# a/b: env:p/prod/a/b\n')
})

test('the page begins with how to get at values, where it is us who keep them', async () => {
  const ours = await manifestOf(SHOP)
  const login = /coffer login[^]*coffer init[^]*coffer check/
  expect(onboardingOf(ours, ours.environments)).toMatch(login)
  const theirs = await manifestOf('project: p\nenvironments: { prod: { provider: aws } }\n')
  expect(onboardingOf(theirs, theirs.environments)).not.toContain('coffer login')
})

test('the same manifest gives the same text', async () => {
  const [one, two] = [await manifestOf(SHOP), await manifestOf(SHOP)]
  expect(secretNamesOf(one)).toBe(secretNamesOf(two))
  expect(onboardingOf(one, one.environments)).toBe(onboardingOf(two, two.environments))
})
