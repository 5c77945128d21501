import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { FAULTS } from './errors/fault.ts'
import { OPERATIONS } from './operations/registry.ts'
import type { Shape } from './shapes/shape.ts'
import { struct } from './shapes/shape.ts'
import type { TestAws } from './test-aws.ts'
import { startTestAws } from './test-aws.ts'
import { post, signed } from './test-signature.ts'

let aws: TestAws
beforeAll(async () => {
  aws = await startTestAws()
})
afterAll(() => aws.close())

const CANARY = 'c4n4ry-of-the-fuzz'
const TOKENS = ['0'.repeat(32), '1'.repeat(36), '2'.repeat(64)]
const NAMES = ['a', '/a', 'a/b', 'a//b', '.', '__proto__', 'constructor', 'x'.repeat(512), 'ä', '']
const TEXTS = [
  ...NAMES,
  ...TOKENS,
  'AWSCURRENT',
  'AWSPENDING',
  'AWSPREVIOUS',
  'current',
  'toString',
  '{}',
  '{"Version":"2012-10-17","Statement":[]}',
  'cron(* * * * ? *)',
  'rate(5 days)',
  '3h',
  'us-east-1',
  'eu-west-1',
  'arn:aws:secretsmanager:eu-west-1:123456789012:secret:a',
  '\ud800',
  '!a',
  'name',
  'all',
  'tag-key',
  'asc',
  'desc',
  'name',
  'eyJhZnRlciI6MX0',
  '\u0000',
  '%',
  '\n',
]

/** Mostly what a member may be, now and then anything. */
function valueFor(shape: Shape): fc.Arbitrary<unknown> {
  const odd = fc.constantFrom<unknown>(
    null,
    0,
    -1,
    1e99,
    true,
    '',
    [],
    {},
    [null],
    'x'.repeat(3_000),
  )
  const right: Record<Shape['kind'], () => fc.Arbitrary<unknown>> = {
    text: () =>
      'oneOf' in shape && shape.oneOf !== undefined
        ? fc.constantFrom(...shape.oneOf)
        : fc.constantFrom(...TEXTS, ...('sensitive' in shape ? [CANARY] : [])),
    number: () => fc.constantFrom(0, 1, 7, 20, 30, 100, 4_096),
    flag: () => fc.boolean(),
    blob: () => fc.constantFrom(Buffer.from(CANARY).toString('base64'), 'AA==', '*'),
    list: () =>
      fc.array(valueFor((shape as Extract<Shape, { kind: 'list' }>).of), { maxLength: 3 }),
    struct: () => structFor(shape as Extract<Shape, { kind: 'struct' }>),
  }
  return fc.oneof({ weight: 12, arbitrary: right[shape.kind]() }, { weight: 1, arbitrary: odd })
}

const structFor = ({ members }: Extract<Shape, { kind: 'struct' }>): fc.Arbitrary<object> =>
  fc.record(
    Object.fromEntries(Object.entries(members).map(([name, shape]) => [name, valueFor(shape)])),
    { requiredKeys: [] },
  )

const CALL = fc.constantFrom(...OPERATIONS.keys()).chain((name) => {
  const { input } = OPERATIONS.get(name) ?? { input: struct({}) }
  const likely = fc.record({
    SecretId: fc.constantFrom('a', 'a/b', '/a'),
    Name: fc.constantFrom('a', 'a/b'),
    ClientRequestToken: fc.constantFrom(...TOKENS),
  })
  const known = fc
    .tuple(structFor(input), likely)
    .map(([body, { SecretId, Name, ClientRequestToken }]) => {
      const more = Object.entries({ SecretId, Name, ClientRequestToken })
      return { ...body, ...Object.fromEntries(more.filter(([member]) => member in input.members)) }
    })
  return fc.tuple(fc.constant(name), fc.oneof({ weight: 3, arbitrary: known }, structFor(input)))
})

it(
  'no request is answered with an error of ours, and no error holds a value',
  { timeout: 60_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(CALL, async ([operation, body]) => {
        const text = JSON.stringify(body)
        const headers = { 'x-amz-target': `secretsmanager.${operation}` }
        const signature = signed(aws.url, aws.credentials, text, { at: aws.now(), headers })
        const answer = await post(aws.url, signature, text)
        if (answer.status === 200) return
        const { __type: type = '' } = JSON.parse(answer.text) as { __type?: string }
        expect([operation, answer.status, Object.keys(FAULTS).includes(type)]).toEqual([
          operation,
          400,
          true,
        ])
        expect(answer.text).not.toContain(CANARY)
        expect(answer.text).not.toMatch(/ at .*\.ts/)
      }),
      { seed: 4, numRuns: 500 },
    )
  },
)
