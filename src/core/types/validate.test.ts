import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { refusalOf } from '../../testing/refusal.ts'
import { encodeValue } from '../value.ts'
import { BAD, GOOD } from '../../testing/type-samples.ts'
import type { TypeName, TypeSpec } from './spec.ts'
import { TYPES } from './table.ts'
import { checkTypeSpec, checkValue } from './validate.ts'

const names = Object.keys(TYPES) as TypeName[]

describe.each(names)('%s', (name) => {
  test('accepts', async () => {
    for (const [index, [value, constraints]] of GOOD[name].entries()) {
      const spec = checkTypeSpec({ name, ...constraints })
      expect(await checkValue(spec, encodeValue(value)), `${name} ${index}`).toBe(undefined)
    }
  })

  test('refuses, and says nothing of the value', async () => {
    for (const [index, [value, constraints]] of BAD[name].entries()) {
      const error = await refusalOf(async () =>
        checkValue({ name, ...constraints }, encodeValue(value)),
      )
      expect(error, `${name} ${index}`).toMatchObject({ code: 'invalid_value' })
      expect(error.message).toContain(`It is no value of type ${name}: `)
      expect(error.cause).toBe(undefined)
    }
  })

  test('never shows a canary', async () => {
    const canary = 'cAnArY7351'
    const spec: TypeSpec = { name, ...(TYPES[name].constraints.includes('max') ? { max: 1 } : {}) }
    for (const hidden of [
      `${canary}\n`,
      `{"${canary}":`,
      `postgres://u:${canary}@h:x/`,
      Buffer.from(`\xff${canary}`, 'latin1'),
      { a: canary },
    ]) {
      const said = await wordsOf(async () => checkValue(spec, encodeValue(hidden)))
      expect(said).not.toContain(canary)
    }
  })
})

/** All that an error can show to anybody; nothing when there is none. */
async function wordsOf(run: () => Promise<unknown>): Promise<string> {
  try {
    await run()
    return ''
  } catch (error) {
    return inspect(error, { depth: 9, showHidden: true })
  }
}

test('only json with a schema answers with a promise', () => {
  for (const name of names) {
    expect(checkValue({ name }, encodeValue(GOOD[name][0]?.[0] ?? ''))).toBe(undefined)
  }
})
