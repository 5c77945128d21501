import type { DeclaredSecret } from '../../manifest/manifest.ts'
import { isPlaceholder } from './placeholder.ts'

/** Whether a key's own name says that what stands at it is secret: `dbPassword`, `stripe_api_key`. */
export function isSensitiveName(key: string): boolean {
  const words = wordsOf(key)
  const [last = '', before = ''] = [words.at(-1), words.at(-2)]
  return ALONE.has(last) || TOGETHER.has(`${before} ${last}`)
}

/** Whether a text at such a key is a value, and no word such as `header`, `include` or `required`. */
export function looksSecret(key: string, value: string, isText: boolean): boolean {
  if (isPlaceholder(value)) return false
  if (PASSWORDS.has(wordsOf(key).at(-1) ?? '')) return true
  return isText && value.length >= 6 && !/^[A-Za-z][a-z]*(?:[ -][a-z]+)*$/.test(value)
}

/** Finds the declared secret that a key is the name of: by path, variable, or name in a destination. */
export function declaredNames(secrets: readonly DeclaredSecret[]) {
  const names = new Map<string, DeclaredSecret>()
  for (const secret of secrets) {
    const last = secret.name.split('/').at(-1) ?? ''
    const written = [secret.name, secret.envName, ...secret.deliver.map(({ name }) => name)]
    // A single word, like the name of db/host, says too little where it stands alone.
    if (wordsOf(last).length > 1) written.push(last)
    for (const name of written) if (name !== undefined) names.set(plain(name), secret)
  }
  return (path: readonly string[]): DeclaredSecret | undefined =>
    names.get(plain(path.at(-1) ?? '')) ?? names.get(plain(path.slice(-2).join('/')))
}

/** `dbPassword`, `DB_PASSWORD` and `db-password`: db, password. */
export const wordsOf = (key: string): string[] =>
  key
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '')

const plain = (name: string): string => wordsOf(name).join('')

const PASSWORDS = new Set(['password', 'passwd', 'pwd', 'passphrase', 'pass'])
const ALONE = new Set([
  ...PASSWORDS,
  'secret',
  'secrets',
  'token',
  'tokens',
  'apikey',
  'credential',
  'credentials',
])
const TOGETHER = new Set(
  ['api', 'access', 'private', 'secret', 'signing', 'encryption', 'master', 'auth', 'account']
    .map((word) => `${word} key`)
    .concat('connection string', 'access keys', 'api keys'),
)
