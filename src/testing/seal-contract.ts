import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isCofferError } from '../core/errors.ts'
import type { Seal, SealContext } from '../core/ports/seal.ts'
import type { JsonObject, JsonValue } from '../core/value.ts'
import { refusalOf } from './refusal.ts'

/**
 * Every promise of the seal port, as tests. Needs vitest.
 *
 * `open` makes a new world each time: random values in `env` and `options`, a `dataDir` and a
 * `configDir` of its own in a temporary directory (the contract makes and removes them), no
 * `prompt`. In it `establish` must succeed. `keep` is the world after people have kept what
 * `establish` gave them, where it gave anything.
 *
 * @example
 * sealContract('aws-kms', awsKms, () => worldWithFakeKms())
 */
export function sealContract(
  name: string,
  seal: Seal,
  open: () => SealContext,
  keep: (world: SealContext, made: Established) => SealContext = (same) => same,
): void {
  describe(`seal contract: ${name}`, () => {
    const worlds: SealContext[] = []
    let world: SealContext

    const openWorld = (): SealContext => {
      const opened = open()
      worlds.push(opened)
      mkdirSync(opened.dataDir, { recursive: true })
      return opened
    }

    beforeEach(() => {
      world = openWorld()
    })

    afterEach(() => {
      for (const { dataDir, configDir } of worlds.splice(0)) {
        rmSync(dataDir, { recursive: true, force: true })
        rmSync(configDir, { recursive: true, force: true })
      }
    })

    it('is named as its registry names it, with one line that explains it', () => {
      expect(seal.kind).toBe(name)
      expect(seal.kind).toMatch(/^[a-z][a-z0-9-]*$/)
      expect(seal.summary).toMatch(/^[^\n]{10,100}$/)
    })

    it('gives the same 32 bytes again from params that went through JSON', async () => {
      const made = await seal.establish(world)
      expect(made.rootKey).toBeInstanceOf(Uint8Array)
      expect(made.rootKey.length).toBe(32)
      const params = throughJson(made.params)
      expect(params).toEqual(made.params)
      const again = await seal.unseal(params, keep(world, made))
      expect(Buffer.compare(again, made.rootKey)).toBe(0)
    })

    it('gives each caller a buffer of its own', async () => {
      const made = await seal.establish(world)
      const kept = Buffer.from(made.rootKey)
      made.rootKey.fill(0)
      const later = keep(world, made)
      const first = await seal.unseal(made.params, later)
      first.fill(0)
      expect(Buffer.compare(await seal.unseal(made.params, later), kept)).toBe(0)
    })

    it('another world has another key', async () => {
      const here = await seal.establish(world)
      const there = await seal.establish(openWorld())
      expect(Buffer.compare(here.rootKey, there.rootKey)).not.toBe(0)
    })

    it('shows no key and nothing secret in params and notes', async () => {
      const made = await seal.establish(world)
      const shown = JSON.stringify([made.params, made.notes ?? []])
      const key = Buffer.from(made.rootKey)
      const forms = [key.toString('hex'), key.toString('base64url'), key.toString('base64')]
      for (const form of forms) expect(shown).not.toContain(form.replace(/=+$/, ''))
      const given = Object.values(world.env).filter((value) => value !== undefined)
      for (const value of given) expect(shown).not.toContain(value)
    })

    it('makes nothing inside the data directory', async () => {
      await seal.establish(world)
      expect(readdirSync(world.dataDir, { recursive: true })).toEqual([])
    })

    it('is ready only where it can establish without a person', async () => {
      const worlds = [world, { ...world, env: {}, options: {} }].filter((each) => seal.ready(each))
      const keys = await Promise.all(worlds.map((each) => seal.establish(each)))
      expect(keys.map(({ rootKey }) => rootKey.length)).toEqual(worlds.map(() => 32))
    })

    it('answers `sealed` where its key is gone, never another key', async () => {
      const { params } = await seal.establish(world)
      rmSync(world.configDir, { recursive: true, force: true })
      const gone: SealContext = { ...world, env: {}, options: {} }
      const error = await refusalOf(() => seal.unseal(params, gone))
      expect(error.code).toBe('sealed')
    })

    it('answers spoiled params with a key or a CofferError, never with a bug', async () => {
      const made = await seal.establish(world)
      const later = keep(world, made)
      const answers = []
      for (const spoiled of spoil(made.params)) {
        answers.push(await seal.unseal(spoiled, later).catch((error: unknown) => error))
      }
      expect(answers.filter((answer) => !isKey(answer) && !isRefusal(answer))).toEqual([])
    })
  })
}

type Established = Awaited<ReturnType<Seal['establish']>>

const isKey = (answer: unknown): boolean => answer instanceof Uint8Array && answer.length === 32

const isRefusal = (answer: unknown): boolean => isCofferError(answer) && answer.code !== 'internal'

const throughJson = (params: JsonObject): JsonObject =>
  JSON.parse(JSON.stringify(params)) as JsonObject

const SPOILERS: readonly JsonValue[] = [null, '', -1, 1e308, [], {}, '\0', '../../../etc/passwd']

/** Each member missing, and each member something else. */
function spoil(params: JsonObject): JsonObject[] {
  const names = Object.keys(params)
  const without = names.map((name) =>
    Object.fromEntries(Object.entries(params).filter(([other]) => other !== name)),
  )
  const changed = names.flatMap((name) => SPOILERS.map((value) => ({ ...params, [name]: value })))
  return [{}, ...without, ...changed]
}
