import { expect, test } from 'vitest'
import { isCofferError } from '../../core/errors.ts'
import { OWN_KEYS } from '../../core/own-keys.ts'
import { textSecret, Secret } from '../../core/secret.ts'
import { checkSize, childEnvironment, STRING_BYTES_MAX, type Wanted } from './environment.ts'
import { checkVariable, isLoadingName, mayHoldKey, variableOf } from './variable.ts'

const NONE = { allowed: new Set<string>(), withheld: [] }
const want = (name: string, value = 'v'): Wanted => ({
  name,
  subject: name,
  secret: textSecret(name, value),
})
const codes = (wanted: Wanted[], options = NONE) =>
  childEnvironment({}, wanted, options).problems.map(
    ({ error }) => isCofferError(error) && error.code,
  )

test('a path below the prefix is a variable', () => {
  expect(['a/b-c', 'db-url', 'A.b', 'x y', '2fa', 'é'].map(variableOf)).toEqual([
    'A_B_C',
    'DB_URL',
    'A_B',
    'X_Y',
    '2FA',
    'é',
  ])
})

test.each([
  'LD_PRELOAD',
  'LD_LIBRARY_PATH',
  'LD_AUDIT',
  'NODE_COMPILE_CACHE',
  'PYTHONWARNINGS',
  'GIT_DIR',
  'RUSTC_WRAPPER',
  'NODE_OPTIONS',
  'PATH',
  'BASH_ENV',
  'ENV',
  'IFS',
  'PYTHONPATH',
  'PERL5OPT',
  'RUBYOPT',
  'GIT_SSH_COMMAND',
  'GIT_CONFIG_COUNT',
  'DYLD_INSERT_LIBRARIES',
  'npm_config_node_options',
  'NPM_CONFIG_PREFIX',
  'COFFER_MASTER_KEY',
])('%s is refused unless it is allowed', (name) => {
  expect(codes([want(name)])).toEqual(['env_name_refused'])
  expect(codes([want(name)], { ...NONE, allowed: new Set([name]) })).toEqual([])
})

test.each(['', '__proto__', 'a=b', 'a\0b', 'a\nb', '1a', 'a-b', 'é', 'a b'])(
  '%j is refused also when it is allowed',
  (name) => {
    expect(() => checkVariable(name, new Set([name]))).toThrow('cannot be the name')
  },
)

test('ordinary names are not taken for dangerous ones', () => {
  for (const name of [
    'DB_URL',
    'PATH_PREFIX',
    'HOME',
    'HTTP_PROXY',
    'LDAP_URL',
    'ENVIRONMENT',
    'constructor',
  ]) {
    expect(isLoadingName(name), name).toBe(false)
    expect(codes([want(name)])).toEqual([])
  }
})

test('two secrets for one name are a collision, and all problems come at once', () => {
  expect(codes([want('A'), want('A'), want('PATH'), want('B', 'x\0y')])).toEqual([
    'env_collision',
    'env_name_refused',
    'invalid_value',
  ])
})

test('what is inherited stays, less the keys; secrets win', () => {
  const inherited = {
    ...Object.fromEntries(OWN_KEYS.map((name) => [name, 'k'])),
    MY_KEY: 'k',
    A: 'old',
    B: 'b',
  }
  const { env } = childEnvironment(inherited, [want('A', 'new')], { ...NONE, withheld: ['MY_KEY'] })
  expect(env).toEqual(Object.assign(Object.create(null), { A: 'new', B: 'b' }))
})

test('a whole key and a part of one are told from what says where something is', () => {
  const key = Buffer.alloc(32, 0xfb)
  const texts = [key.toString('base64'), key.toString('base64url'), key.toString('hex')]
  const half = texts.map((text) => text.slice(0, text.length / 2))
  for (const text of [...texts, ...half, ` ${texts[0]}\n`]) {
    expect(mayHoldKey('SEAL_PART_A', text), text).toBe(true)
    expect(mayHoldKey('COFFER_SEAL_PART', text), text).toBe(true)
  }
  expect(mayHoldKey('COFFER_DATA_DIR', '/data/secrets/of/shop')).toBe(false)
  expect(mayHoldKey('HOME', '/home/somebody')).toBe(false)
  expect(mayHoldKey('KMS_REGION', 'eu-west-1')).toBe(false)
  expect(mayHoldKey('KMS_URL', 'https://kms.example.org')).toBe(false)
})

test('bytes that are no text are refused', () => {
  const secret = new Secret({ name: 'x', bytes: Uint8Array.of(0xff), decode: (bytes) => bytes })
  expect(codes([{ name: 'X', subject: 'x', secret }])).toEqual(['invalid_value'])
})

test("one variable fits up to the system's limit, and not one byte more", () => {
  const room = STRING_BYTES_MAX - 'N='.length - 1
  expect(codes([want('N', 'x'.repeat(room))])).toEqual([])
  expect(codes([want('N', 'x'.repeat(room + 1))])).toEqual(['too_large'])
})

test('everything together has a limit too', () => {
  const many = Object.fromEntries(
    Array.from({ length: 80 }, (_, i) => [`V${i}`, 'x'.repeat(100_000)]),
  )
  expect(() => checkSize(['true'], { A: 'x'.repeat(100_000) })).not.toThrow()
  expect(() => checkSize(['true'], many)).toThrow('at most')
})
