import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalPath } from '../../../core/path.ts'
import { checkLabel } from '../../../core/label.ts'
import { ACCESS_TIMES_MAX, createAccessTimes } from './access-times.ts'
import { wordsOf } from './filters/words.ts'
import { suffixOf } from './names/arn.ts'
import { isName, nameOfPath, pathOfName } from './names/name.ts'
import { randomPassword } from './operations/random-password.ts'
import { globMatches } from './resource-policy/glob.ts'
import { labelOfStage, stageOfLabel } from './staging/stages.ts'
import { parseAuthorization } from './sigv4/authorization.ts'
import { createSigningKeys } from './sigv4/signing-keys.ts'
import { textSecret } from '../../../core/secret.ts'
import { createTurns } from './turns.ts'

const seeded = { seed: 7, numRuns: 1_000 }
const NAME = fc.string({
  unit: fc.constantFrom(...Array.from('aZ09/_+=.@!-//..')),
  minLength: 1,
  maxLength: 40,
})

describe('names', () => {
  it('become paths and back without loss, but for one leading slash', () => {
    fc.assert(
      fc.property(NAME, (name) => {
        const path = pathOfName(name)
        expect(canonicalPath(path)).toBe(path)
        expect(nameOfPath(path)).toBe(name.startsWith('/') ? name.slice(1) : name)
        expect(isName(name)).toBe(true)
      }),
      seeded,
    )
  })

  it('have suffixes that no word looks like', () => {
    for (let i = 0; i < 2_000; i++)
      expect(suffixOf(String(i))).toMatch(/^(?![a-z]{6})[A-Za-z0-9]{6}$/)
  })
})

it('stages become labels and back without loss', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), (stage) => {
      if (!stage.isWellFormed()) return
      expect(stageOfLabel(checkLabel(labelOfStage(stage)))).toBe(stage)
    }),
    seeded,
  )
  expect(['AWSCURRENT', 'AWSPREVIOUS', 'AWSPENDING'].map(labelOfStage)).toEqual([
    'current',
    'previous',
    'pending',
  ])
  for (const stage of ['current', 'aws=x']) expect(stageOfLabel(labelOfStage(stage))).toBe(stage)
})

it('words end where a separator is, or where the case says so', () => {
  expect(wordsOf('my test/MyTest myTest Mytest COMPANYthings a-b')).toEqual(
    'my test My Test my Test Mytest COMPAN Ythings a b'.split(' '),
  )
})

describe('patterns', () => {
  it('match as regular expressions would', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 })
    fc.assert(
      fc.property(text, text, (pattern, other) => {
        const source = pattern.replaceAll('*', '.*').replaceAll('?', '.')
        expect(globMatches(pattern, other)).toBe(new RegExp(`^${source}$`).test(other))
      }),
      seeded,
    )
  })

  it('take no longer for many stars', () => {
    const began = performance.now()
    expect(globMatches('*a'.repeat(5_000), 'a'.repeat(4_000) + 'b')).toBe(false)
    expect(performance.now() - began).toBeLessThan(1_000)
  })
})

describe('passwords', () => {
  let state = 1
  const random = (bytes: number) =>
    Uint8Array.from({ length: bytes }, () => (state = (state * 48_271) % 2_147_483_647) & 0xff)

  it('hold each kind that is included, and nothing that is excluded', () => {
    for (let i = 0; i < 300; i++) {
      const made = randomPassword({ PasswordLength: 5, IncludeSpace: true }, random)
      expect(made).toMatch(/^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)(?=.*[^A-Za-z0-9 ])(?=.* ).{5}$/)
    }
    const digits = { ExcludeLowercase: true, ExcludeUppercase: true, ExcludePunctuation: true }
    expect(randomPassword({ ...digits, ExcludeCharacters: '02468' }, random)).toMatch(
      /^[13579]{32}$/,
    )
    expect(randomPassword({ PasswordLength: 4_096 }, random)).toHaveLength(4_096)
  })

  it('are refused when nothing is left, or when not every kind has a place', () => {
    const nothing = {
      ExcludeNumbers: true,
      ExcludeLowercase: true,
      ExcludeUppercase: true,
      ExcludePunctuation: true,
    }
    expect(() => randomPassword(nothing, random)).toThrow(/excluded/)
    const short = 'Password length is too short based on the required types.'
    expect(() => randomPassword({ PasswordLength: 3 }, random)).toThrow(short)
    const any = { PasswordLength: 3, RequireEachIncludedType: false }
    expect(randomPassword(any, random)).toHaveLength(3)
  })
})

it('access times are of the day, and of no more secrets than there is room for', () => {
  const times = createAccessTimes(4)
  times.touch('a', 1, 86_400_000 * 3 + 5)
  expect([times.last('a'), times.last('a', 1), times.last('a', 2)]).toEqual([
    259_200_000,
    259_200_000,
    undefined,
  ])
  times.touch('b', 1, 0)
  times.touch('c', 1, 0)
  expect(times.last('a')).toBeUndefined()
  expect(ACCESS_TIMES_MAX).toBeGreaterThan(1_000)
})

it('turns are taken one after the other, also after a failure', async () => {
  const turns = createTurns()
  const order: number[] = []
  const work = (i: number, fails = false) =>
    turns.take('p', async () => {
      await Promise.resolve()
      order.push(i)
      if (fails) throw new Error('no')
    })
  const all = await Promise.allSettled([work(1), work(2, true), work(3)])
  expect([order, all.map(({ status }) => status)]).toEqual([
    [1, 2, 3],
    ['fulfilled', 'rejected', 'fulfilled'],
  ])
})

it('a signing key is derived once for each scope, and no more are kept than there is room for', () => {
  const keys = createSigningKeys(2)
  let opened = 0
  const known = {
    get secretAccessKey() {
      opened += 1
      return textSecret('access-key:A', 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY')
    },
  }
  const scope = parseAuthorization(
    'AWS4-HMAC-SHA256 Credential=A/20150830/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0',
  )
  // The example of AWS's own description of signing.
  expect(Buffer.from(keys.of(scope, known)).toString('hex')).toBe(
    'c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9',
  )
  keys.of(scope, known)
  expect(opened).toBe(1)
  for (const region of ['a', 'b']) keys.of({ ...scope, region }, known)
  keys.of(scope, known)
  expect(opened).toBe(4)
})
