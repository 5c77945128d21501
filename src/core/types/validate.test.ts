import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { encodeValue } from '../value.ts'
import type { SecretValue } from '../value.ts'
import { CHAIN_MAX } from './pem.ts'
import { PATTERN_CHARS_MAX, PATTERN_VALUE_CHARS_MAX } from './pattern.ts'
import { CERTIFICATE } from './samples.fixture.ts'
import type { TypeName, TypeSpec } from './spec.ts'
import { TYPES } from './table.ts'
import { checkTypeSpec, checkValue, SCHEMA_CHARS_MAX } from './validate.ts'

type Constraints = Omit<TypeSpec, 'name'>
type Sample = [value: SecretValue, constraints?: Constraints]

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 })
const pkcs8 = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const sec1 = pair.privateKey.export({ type: 'sec1', format: 'pem' }).toString()
const pkcs1 = rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()
const encrypted = pair.privateKey
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
  .toString()
const legacy = rsa.privateKey
  .export({ type: 'pkcs1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
  .toString()
const publicKey = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()
const framed = (label: string, body: string | Buffer): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(body).toString('base64')}\n-----END ${label}-----\n`
const key = (bytes: number, notation: BufferEncoding): string =>
  Buffer.alloc(bytes, 0xa7).toString(notation)

const GOOD: Record<TypeName, Sample[]> = {
  string: [
    [''],
    ['any\ntext é😀'],
    ['ab', { min: 2, max: 2 }],
    ['😀😀', { max: 2 }],
    ['v1-ab', { pattern: 'v\\d-[a-z]+' }],
  ],
  password: [['x'], ['with space and é'], ['12345678', { min: 8 }]],
  apiKey: [['sk_live_51H'], ['a', { max: 1 }]],
  token: [['eyJhbGciOi.J9.x-_='], ['ghp_x', { pattern: 'ghp_.*' }]],
  json: [['{}'], ['[1,2]'], ['"a"'], ['null'], [{ a: { b: [1] } }], ['{"__proto__":1}']],
  number: [['0'], ['-0.5'], ['1e3'], ['42', { min: 42, max: 42 }], ['-7', { min: -7.5 }]],
  boolean: [['true'], ['false']],
  url: [
    ['https://x.example/a?b#c'],
    ['redis://:p%40ss@h:6379/0'],
    ['https://x', { pattern: 'https://.*' }],
  ],
  connectionString: [
    ['postgres://u:p@h:5432/db?sslmode=require'],
    ['mongodb://u:p@h1:27017,h2:27018,h3/db?replicaSet=rs'],
    ['mongodb+srv://u:p@cluster.example.net/db'],
    ['postgresql:///db?host=/var/run'],
    ['postgres://u:p@ss@h/db'],
    ['mysql://u@[::1]:3306/x'],
    ['sqlite:///var/x.db'],
    ['jdbc:sqlserver://h:1433;databaseName=x;user=u'],
    ['Server=tcp:h,1433;Database=d;User Id=u;Password="a;b""c";'],
    ["Data Source=h;Password='it''s'"],
    ['Endpoint=sb://x.example/;SharedAccessKeyName=n;SharedAccessKey=abc=='],
    ["host=localhost port=5432 password='a \\' b'"],
  ],
  certificate: [
    [CERTIFICATE],
    [CERTIFICATE.replaceAll('\n', '\r\n')],
    [`subject=CN = t\n${CERTIFICATE}${CERTIFICATE}`],
    [Buffer.from(CERTIFICATE)],
    [new X509Certificate(CERTIFICATE).raw],
    [CERTIFICATE.repeat(CHAIN_MAX)],
  ],
  privateKey: [
    [pkcs8],
    [sec1],
    [pkcs1],
    [encrypted],
    [legacy],
    [Buffer.from(pkcs8)],
    [`${framed('EC PARAMETERS', 'x')}${sec1}`],
    [framed('OPENSSH PRIVATE KEY', 'openssh-key-v1\0rest')],
    [pair.privateKey.export({ type: 'pkcs8', format: 'der' })],
    [pair.privateKey.export({ type: 'sec1', format: 'der' })],
  ],
  encryptionKey: [
    ...[16, 24, 32, 64].map((bytes): Sample => [key(bytes, 'base64')]),
    [key(32, 'hex')],
    [key(32, 'hex').toUpperCase()],
    [key(32, 'base64url')],
    [Buffer.alloc(32)],
    [key(48, 'base64'), { lengthBytes: 48 }],
    [key(32, 'base64'), { min: 32, max: 32 }],
  ],
  binary: [[Buffer.alloc(0)], ['text too'], [Buffer.alloc(9), { min: 9, max: 9 }]],
}

const BAD: Record<TypeName, Sample[]> = {
  string: [
    [Buffer.from('a')],
    [{ a: 1 }],
    ['abc', { max: 2 }],
    ['a', { min: 2 }],
    ['xv1', { pattern: 'v1' }],
    ['v1\n', { pattern: 'v1' }],
  ],
  password: [[''], ['line\n'], ['tab\t'], ['nul\0'], ['1234567', { min: 8 }]],
  apiKey: [[''], ['with space'], ['end\n'], ['é']],
  token: [[''], ['Bearer x'], ['gho_x', { pattern: 'ghp_.*' }]],
  json: [
    [''],
    ['{a:1}'],
    ['{"a":1,}'],
    ['NaN'],
    [Buffer.from('{}')],
    ['['.repeat(33) + ']'.repeat(33)],
  ],
  number: [
    [''],
    [' 1'],
    ['1\n'],
    ['01'],
    ['.5'],
    ['1.'],
    ['0x10'],
    ['1_0'],
    ['NaN'],
    ['Infinity'],
    ['1e999'],
    ['41', { min: 42 }],
    ['43', { max: 42 }],
  ],
  boolean: [['TRUE'], ['1'], ['yes'], ['true '], ['']],
  url: [
    ['/a'],
    ['x.example'],
    ['localhost:3000'],
    ['https://'],
    [' https://x'],
    ['https://x\n'],
    ['https://a b'],
    ['https://h:99999'],
    ['http://x', { pattern: 'https://.*' }],
  ],
  connectionString: [
    [''],
    ['localhost'],
    ['postgres://'],
    ['postgres://u:p@h:port/db'],
    ['postgres://h:0/db'],
    ['postgres://h:65536/db'],
    ['mongodb://h1,,h2/db'],
    ['postgres://u:p/w@h/db'],
    ['=x'],
    ['a;b'],
    ['Server=h;Password="open'],
    ["host='h' port"],
    ['postgres://h/d\nb'],
  ],
  certificate: [
    [''],
    ['x'],
    [Buffer.from([0x30, 0x03, 1, 2, 3])],
    [framed('CERTIFICATE', 'nonsense')],
    [publicKey],
    [pkcs8],
    [`${CERTIFICATE}${pkcs8}`],
    [CERTIFICATE + CERTIFICATE.slice(0, 200)],
    [CERTIFICATE.slice(0, -10)],
    [CERTIFICATE.repeat(CHAIN_MAX + 1)],
    [{ a: CERTIFICATE }],
  ],
  privateKey: [
    [''],
    ['x'],
    [Buffer.alloc(40)],
    [publicKey],
    [CERTIFICATE],
    [pkcs8 + pkcs8],
    [`${pkcs8}${CERTIFICATE}`],
    [framed('PRIVATE KEY', 'nonsense')],
    [framed('OPENSSH PRIVATE KEY', 'nonsense')],
    [framed('EC PARAMETERS', 'x')],
    [pkcs8.slice(0, -9)],
    [framed('ENCRYPTED PRIVATE KEY', 'x').replace('\n', '\n!')],
  ],
  encryptionKey: [
    [''],
    ['A'.repeat(33)],
    [`${key(32, 'base64')}=`],
    ['not base64!'],
    [key(20, 'base64')],
    [key(31, 'hex')],
    [Buffer.alloc(31)],
    [`${key(32, 'base64')}\n`],
    [key(32, 'base64').slice(0, -2)],
    [key(32, 'base64'), { lengthBytes: 48 }],
    [key(16, 'hex'), { min: 32 }],
    ['a+_b'.repeat(8)],
    [{ k: 1 }],
  ],
  binary: [
    [Buffer.alloc(8), { min: 9 }],
    [Buffer.alloc(10), { max: 9 }],
  ],
}

const names = Object.keys(TYPES) as TypeName[]

describe.each(names)('%s', (name) => {
  test('accepts', async () => {
    for (const [value, constraints] of GOOD[name]) {
      await checkValue(checkTypeSpec({ name, ...constraints }), encodeValue(value))
    }
  })

  test('refuses, and says nothing of the value', async () => {
    for (const [index, [value, constraints]] of BAD[name].entries()) {
      const error = await failure({ name, ...constraints }, value)
      expect(error, `${name} ${index}`).toMatchObject({ code: 'invalid_value' })
      expect(error.message).toContain(`type ${name} `)
      expect(error.cause).toBe(undefined)
    }
  })

  test('never shows a canary', async () => {
    const canary = 'cAnArY7351'
    for (const hidden of [
      `${canary}\n`,
      `{"${canary}":`,
      `postgres://u:${canary}@h:x/`,
      Buffer.from(`\xff${canary}`, 'latin1'),
      { a: canary },
    ]) {
      const error = await failure(
        { name, ...(TYPES[name].constraints.includes('max') ? { max: 1 } : {}) },
        hidden,
      )
      expect(
        JSON.stringify([error.message, error.remedy, error.details, String(error.stack)]),
      ).not.toContain(canary)
    }
  })
})

async function failure(spec: TypeSpec, value: SecretValue) {
  try {
    await checkValue(spec, encodeValue(value))
  } catch (error) {
    return error as {
      code?: string
      message: string
      remedy?: string
      details?: object
      stack?: string
      cause?: unknown
    }
  }
  return { message: '' }
}

describe('json with a schema', () => {
  const spec = (schema: object) => checkTypeSpec({ name: 'json', schema })
  const person = spec({
    type: 'object',
    properties: { user: { type: 'string', pattern: '^[a-z]+$' }, tags: { $ref: '#/$defs/tags' } },
    required: ['user'],
    additionalProperties: false,
    $defs: { tags: { type: 'array', uniqueItems: true } },
  })

  test('accepts what fits, as text and as an object', async () => {
    await checkValue(person, encodeValue({ user: 'ann', tags: [1, 2] }))
    await checkValue(person, encodeValue('{"user":"ann"}'))
    await checkValue(spec({ pattern: 'b' }), encodeValue('"abc"'))
  })

  test('names the keyword, never the document or its keys', async () => {
    for (const [value, keyword] of [
      [{ user: 'C4NARY' }, 'pattern'],
      [{ user: 'a', c4nary: 1 }, 'additionalProperties'],
      [{}, 'required'],
      [{ user: 'a', tags: [1, 1] }, 'uniqueItems'],
    ] as const) {
      const error = await failure(person, value as SecretValue)
      expect(error).toMatchObject({ code: 'invalid_value' })
      expect(error.message).toContain(`"${keyword}"`)
      expect(JSON.stringify(error)).not.toMatch(/c4nary/i)
    }
  })

  test("a schema that is wrong is the type's fault, not the value's", async () => {
    for (const schema of [
      { type: 'objekt' },
      { requird: ['a'] },
      { pattern: '(?=a)' },
      { $ref: '#/nowhere' },
    ]) {
      expect(await failure(spec(schema), {})).toMatchObject({ code: 'invalid_argument' })
    }
  })

  test('patterns in a schema cannot be made slow', async () => {
    const started = performance.now()
    expect(await failure(spec({ pattern: '^(a+)+$' }), `"${'a'.repeat(5_000)}!"`)).toMatchObject({
      code: 'invalid_value',
    })
    expect(performance.now() - started).toBeLessThan(1_500)
  })
})

test('only json with a schema answers with a promise', () => {
  for (const name of names) {
    expect(checkValue({ name }, encodeValue(GOOD[name][0]?.[0] ?? ''))).toBe(undefined)
  }
})

describe('a type specification', () => {
  test('comes back with its known fields', () => {
    const spec = { name: 'string', pattern: 'a+', min: 1, max: 9 }
    expect(checkTypeSpec({ ...spec, schema: undefined })).toEqual(spec)
    expect(checkTypeSpec({ name: 'number', min: -1.5 })).toEqual({ name: 'number', min: -1.5 })
  })

  test.each([
    null,
    'string',
    [],
    {},
    { name: 'String' },
    { name: '__proto__' },
    { name: 'constructor' },
    { name: 'string', extra: 1 },
    { name: 'string', schema: {} },
    { name: 'boolean', pattern: 'a' },
    { name: 'url', lengthBytes: 1 },
    { name: 'string', min: -1 },
    { name: 'string', min: 1.5 },
    { name: 'string', max: '9' },
    { name: 'number', min: Number.NaN },
    { name: 'string', min: 2, max: 1 },
    { name: 'string', pattern: '(' },
    { name: 'string', pattern: '(?=a)' },
    { name: 'string', pattern: 5 },
    { name: 'encryptionKey', lengthBytes: 0 },
    { name: 'encryptionKey', lengthBytes: 1.5 },
    { name: 'encryptionKey', lengthBytes: 65_537 },
    { name: 'json', schema: [] },
    { name: 'json', schema: true },
    { name: 'json', schema: { $ref: 'https://x.example/s.json' } },
    { name: 'json', schema: { allOf: [{ $dynamicRef: 'other' }] } },
    JSON.parse('{"name":"string","__proto__":{"min":1}}') as object,
  ])('%j is refused', (input) => {
    expect(() => checkTypeSpec(input)).toThrow(
      expect.objectContaining({ code: 'invalid_argument' }),
    )
  })

  test('a schema that JSON cannot say is refused', () => {
    expect(() => checkTypeSpec({ name: 'json', schema: { a: 1n } })).toThrow('schema is JSON')
  })

  test('limits: at the limit, and one more', () => {
    const pattern = (chars: number) => () =>
      checkTypeSpec({ name: 'string', pattern: `[${'a'.repeat(chars - 2)}]` })
    expect(pattern(PATTERN_CHARS_MAX)).not.toThrow()
    expect(pattern(PATTERN_CHARS_MAX + 1)).toThrow(/256 characters/)
    const schema = (chars: number) => () =>
      checkTypeSpec({ name: 'json', schema: { title: 'x'.repeat(chars - 12) } })
    expect(schema(SCHEMA_CHARS_MAX)).not.toThrow()
    expect(schema(SCHEMA_CHARS_MAX + 1)).toThrow(/16384 characters/)
    const depth = (levels: number) => () => {
      let inner: object = {}
      for (let i = 1; i < levels; i++) inner = { not: inner }
      return checkTypeSpec({ name: 'json', schema: inner })
    }
    expect(depth(32)).not.toThrow()
    expect(depth(33)).toThrow(/32 levels/)
    const value = (chars: number) => () =>
      checkValue({ name: 'string', pattern: 'a*' }, encodeValue('a'.repeat(chars)))
    expect(value(PATTERN_VALUE_CHARS_MAX)).not.toThrow()
    expect(value(PATTERN_VALUE_CHARS_MAX + 1)).toThrow(/at most 16384/)
  })
})
