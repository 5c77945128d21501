import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { GLOBAL_OPTIONS } from '../../src/cli/globals.ts'
import { parseCommand } from '../../src/cli/parse.ts'
import { SECTIONS } from '../../src/cli/registry.ts'
import type { CommandSpec } from '../../src/cli/spec.ts'
import { ERRORS } from '../../src/core/errors.ts'
import { root, sources } from './sources.ts'

/** A document that names a command or an option that does not exist sends people astray. */
const loaders: Record<string, () => Promise<CommandSpec>> = Object.assign(
  {},
  ...Object.values(SECTIONS),
)

const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join('docs', name)),
]
  // Made from the table itself, as its own test says.
  .filter((file) => file !== path.join('docs', 'cli.md'))
  .map((file) => ({ file, text: readFileSync(path.join(root, file), 'utf8') }))

/** Lines of fenced blocks that run coffer, without prompts, comments, pipes and redirections. */
const typed = pages.flatMap(({ file, text }) =>
  [...text.matchAll(/^```[a-z]*\n([\s\S]*?)^```/gm)]
    .flatMap(([, block = '']) => block.split('\n'))
    .flatMap((line) =>
      line
        .replace(/^\s*\$ /, '')
        .replace(/\s#\s.*$/, '')
        .split(/\s(?:&&|\||;)\s/),
    )
    .map(
      (command) =>
        /^(?:npx |\.\/bin\/)?coffer(?:\.js)? (.*?)(?:\s+[<>].*)?$/.exec(command.trim())?.[1],
    )
    .filter((command) => command !== undefined)
    .map((command) => ({ where: file, argv: command.replaceAll('…', '').trim().split(/\s+/) })),
)

/** `coffer word` in backticks, in documents and in the remedies of errors. */
const named = [
  ...pages.map(({ file, text }) => ({ where: file, text })),
  ...Object.entries(ERRORS).map(([code, { remedy }]) => ({ where: code, text: remedy })),
].flatMap(({ where, text }) =>
  [...text.matchAll(/`coffer ([a-z][^`]*)`/g)].map(([, rest = '']) => ({
    where,
    argv: rest.trim().split(/\s+/),
  })),
)

test('the law sees the commands of the documents', () => {
  expect(typed.length).toBeGreaterThan(20)
  expect(named.length).toBeGreaterThan(10)
})

test('every command line in a document parses', async () => {
  const refused = await Promise.all(
    typed.map(async ({ where, argv }) => ({ where, argv, why: await refusal(argv) })),
  )
  expect(refused.filter(({ why }) => why !== undefined)).toEqual([])
})

test('every command that a document or a remedy names exists', async () => {
  const found = await Promise.all(
    named.map(async ({ where, argv }) => ({ where, argv, spec: await specOf(argv) })),
  )
  expect(
    found.filter(({ spec }) => spec === undefined).map(({ where, argv }) => [where, ...argv]),
  ).toEqual([])
})

test('every option that a remedy names exists', async () => {
  const specs = await Promise.all(Object.values(loaders).map((load) => load()))
  const known = new Set([
    ...Object.keys(GLOBAL_OPTIONS),
    ...specs
      .flatMap((spec) => [spec, ...Object.values(spec.subcommands ?? {})])
      .flatMap(({ options }) => Object.keys(options ?? {})),
  ])
  const remedies = sources('src').flatMap(({ file, code }) =>
    [...code.matchAll(/\bremedy:\s*(['`].*)/g)].flatMap(([, text = '']) =>
      [...text.matchAll(/--([a-z][a-z-]*)/g)].map(([, name = '']) => ({ file, name })),
    ),
  )
  expect(remedies.length).toBeGreaterThan(8)
  expect(remedies.filter(({ name }) => !known.has(name))).toEqual([])
})

async function specOf(
  argv: readonly string[],
): Promise<{ spec: CommandSpec; rest: readonly string[] } | undefined> {
  const [name = '', second = ''] = argv
  const spec = await loaders[name]?.()
  if (spec?.subcommands === undefined || second === '' || second === '--help')
    return spec && { spec, rest: argv.slice(1) }
  const sub = spec.subcommands[second]
  return sub && { spec: sub, rest: argv.slice(2) }
}

async function refusal(argv: readonly string[]): Promise<string | undefined> {
  if (argv[0] === '--help') return undefined
  const found = await specOf(argv)
  if (found === undefined) return 'no such command'
  try {
    if (!found.rest.includes('--help')) parseCommand(found.rest, found.spec)
    return undefined
  } catch (error) {
    return String(error)
  }
}
