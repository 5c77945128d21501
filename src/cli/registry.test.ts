import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { GLOBAL_OPTIONS } from './globals.ts'
import { commandHelp, overview } from './help.ts'
import {
  ALIASES,
  allSpecs,
  COMMAND_NAMES,
  commandNamed,
  HANDLERS,
  type HandlerName,
} from './registry.ts'
import type { CommandSpec } from './spec.ts'

const specs = (await allSpecs()).flatMap(({ commands }) => commands)
const leaves = specs.flatMap((spec): CommandSpec[] =>
  spec.subcommands === undefined ? [spec] : Object.values(spec.subcommands),
)

test('each command has one handler, and each handler a command', async () => {
  expect(leaves.length).toBeGreaterThan(40)
  expect(leaves.map(({ name }) => name).sort()).toEqual(Object.keys(HANDLERS).sort())
  for (const { name } of leaves) {
    expect((await HANDLERS[name as HandlerName]()).handle, name).toBeTypeOf('function')
  }
  const files = readdirSync(join(import.meta.dirname, 'commands'))
  expect(files.filter((file) => !file.endsWith('.test.ts'))).toHaveLength(leaves.length)
})

test('names in the registry are the names in the specs', async () => {
  expect(specs.map(({ name }) => name)).toEqual(COMMAND_NAMES)
  for (const spec of specs) {
    for (const [key, sub] of Object.entries(spec.subcommands ?? {})) {
      expect(sub.name).toBe(`${spec.name} ${key}`)
    }
  }
  for (const [alias, target] of ALIASES) {
    expect(COMMAND_NAMES).not.toContain(alias)
    expect(await commandNamed(alias)?.()).toMatchObject({ name: target })
  }
})

test('every command has a summary of one line and an example that begins with its name', () => {
  for (const spec of [...specs, ...leaves]) {
    expect(spec.summary, spec.name).toMatch(/^[a-z][^\n]{5,80}[^.]$/)
    expect(spec.examples.length, spec.name).toBeGreaterThan(0)
    for (const { command } of spec.examples) expect(command).toContain(`coffer ${spec.name}`)
  }
})

test('no option of a command hides a global one, and short names differ', () => {
  for (const spec of leaves) {
    const options = { ...GLOBAL_OPTIONS, ...spec.options }
    for (const name of Object.keys(spec.options ?? {})) {
      expect(Object.keys(GLOBAL_OPTIONS), spec.name).not.toContain(name)
    }
    const shorts = Object.values(options).flatMap((option) =>
      'short' in option && option.short !== undefined ? [option.short] : [],
    )
    expect(new Set(shorts).size, spec.name).toBe(shorts.length)
  }
})

test('help names every option, and fits a terminal', async () => {
  for (const spec of leaves) {
    const help = commandHelp(spec)
    for (const name of Object.keys(spec.options ?? {})) expect(help).toContain(`--${name}`)
    for (const line of help.split('\n'))
      expect(line.length, `${spec.name}: ${line}`).toBeLessThanOrEqual(110)
  }
  const text = await overview()
  for (const name of COMMAND_NAMES) expect(text).toContain(`  ${name} `)
})
