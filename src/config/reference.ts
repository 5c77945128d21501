import { CofferError } from '../core/errors.ts'
import { checkLabel } from '../core/label.ts'
import { LIMITS } from '../core/limits.ts'
import { canonicalPath } from '../core/path.ts'
import type { ProviderRef } from '../core/ports/provider.ts'
import { isForeign, readForeign, readSecretKeyRef, splitField } from './reference/foreign.ts'

/** The object form of a reference: absolute, and the only one that says more than where. */
export interface ReferenceObject {
  /** The provider's key: a path of the store, a variable's name, a file's name. */
  readonly path: string
  /** Default `coffer`. */
  readonly provider?: string | undefined
  /** Neither label nor version: `current`. */
  readonly label?: string | undefined
  readonly version?: number | undefined
  /** A member of a JSON value: `a.b` or `/a/b` (JSON Pointer, RFC 6901). */
  readonly field?: string | undefined
  /** What the text found there is, besides text. */
  readonly encoding?: 'base64' | 'hex' | 'utf8' | undefined
  /** The variable's name when the configuration becomes an environment. */
  readonly envName?: string | undefined
}

/** A data key of a Secret of Kubernetes, as a container names it. */
export interface SecretKeyRef {
  readonly name: string
  readonly key: string
  /** Default: the provider's own. */
  readonly namespace?: string | undefined
  readonly optional?: false | undefined
}

/** A reference that is no text. */
export type WrittenReference =
  | ReferenceObject
  | { readonly secretKeyRef: SecretKeyRef }
  | { readonly valueFrom: { readonly secretKeyRef: SecretKeyRef } }

/** A reference as it was written. A malformed one keeps its error, so that all are told at once. */
export interface ParsedReference {
  /** What to call it in print. */
  readonly written: string
  readonly ref: ProviderRef
  /** `ref.key` is to be put below the prefix. */
  readonly relative: boolean
  readonly envName?: string | undefined
  readonly error?: CofferError | undefined
}

export const COFFER = 'coffer'

/** Providers of what a process has by itself. A # is a part of their keys, as of a file's name. */
export const LOCAL_PROVIDERS: ReadonlySet<string> = new Set(['env', 'file', 'dotenv', 'memory'])

/**
 * Reads a reference.
 *
 * - `name` and `sub/name` lie below the prefix; `/a/path` does not.
 * - `provider:key`, where the colon stands before any slash, is absolute and asks that provider.
 * - With a provider over a network, `#field` follows the key.
 * - The object form is absolute; its `path` may hold colons.
 * - References of other tools are taken as they are: see docs/references.md.
 *
 * Never throws: `error` is a CofferError `invalid_reference`, `invalid_label` or `too_large`.
 */
export function parseReference(input: unknown): ParsedReference {
  const written = nameOf(input)
  try {
    return { written, ...read(input) }
  } catch (error) {
    if (!(error instanceof CofferError)) throw error
    return { written, ref: { provider: COFFER, key: '' }, relative: false, error }
  }
}

/**
 * The reference with its prefix, in canonical form for the store.
 * @throws CofferError the parsed error, `invalid_path`, `too_large`
 */
export function locate(parsed: ParsedReference, prefix: string): ProviderRef {
  if (parsed.error !== undefined) throw parsed.error
  const { ref } = parsed
  if (ref.provider !== COFFER) return ref
  const below = parsed.relative && prefix !== '' ? `${prefix}/${ref.key}` : ref.key
  return { ...ref, key: canonicalPath(below) }
}

/** `shop/dev/api/db-url`, `env:CI_TOKEN`, with label, version and field where they are given. */
export function showReference(ref: ProviderRef): string {
  const place = ref.provider === COFFER ? ref.key : `${ref.provider}:${ref.key}`
  const which =
    ref.version === undefined
      ? ref.label === undefined
        ? ''
        : ` (${ref.label})`
      : ` (version ${ref.version})`
  return `${place}${which}${ref.field === undefined ? '' : ` .${ref.field}`}`
}

type Read = Omit<ParsedReference, 'written' | 'error'>

const PREFIXED = /^([^:/]*):(.*)$/su
const PROVIDER = /^[a-z][a-z0-9-]{0,31}$/
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,255}$/
const ENCODINGS: readonly unknown[] = ['base64', 'hex', 'utf8']
const KEYS = ['path', 'provider', 'label', 'version', 'field', 'encoding', 'envName']

function read(input: unknown): Read {
  if (typeof input === 'string') return readText(input)
  if (typeof input === 'object' && input !== null && !Array.isArray(input)) {
    return readObject(input as Record<string, unknown>)
  }
  throw refuse('A reference is a text or an object with a path.')
}

function readText(text: string): Read {
  checkText(text)
  if (isForeign(text)) return { ref: checkForeign(readForeign(text)), relative: false }
  const prefixed = PREFIXED.exec(text)
  if (prefixed !== null) {
    const [, provider = '', key = ''] = prefixed
    const named = { provider: checkProvider(provider), key: checkText(key) }
    const isPlain = provider === COFFER || LOCAL_PROVIDERS.has(provider)
    const ref = isPlain ? named : { ...named, ...splitField(key) }
    return { ref, relative: false }
  }
  return { ref: { provider: COFFER, key: text }, relative: !text.startsWith('/') }
}

function readObject(input: Record<string, unknown>): Read {
  const keyRef = secretKeyRefOf(input)
  if (keyRef !== undefined) return { ref: readSecretKeyRef(keyRef), relative: false }
  const unknown = Object.keys(input).find((key) => !KEYS.includes(key))
  if (unknown !== undefined) {
    throw refuse(`A reference has ${KEYS.join(', ')}, and nothing else.`)
  }
  const { path, provider, label, version, field, encoding, envName } = input
  if (label !== undefined && version !== undefined) {
    throw refuse('A reference names a label or a version, not both.')
  }
  if (version !== undefined && !(Number.isSafeInteger(version) && (version as number) >= 1)) {
    throw refuse('A version is a whole number from 1.')
  }
  if (encoding !== undefined && !ENCODINGS.includes(encoding)) {
    throw refuse('An encoding is base64, hex or utf8.')
  }
  if (envName !== undefined && !(typeof envName === 'string' && ENV_NAME.test(envName))) {
    throw refuse("A variable's name has letters, digits and _ and begins with no digit.")
  }
  return {
    ref: {
      provider: provider === undefined ? COFFER : checkProvider(provider),
      key: checkText(path),
      ...(label === undefined ? {} : { label: checkLabel(label as string) }),
      ...(version === undefined ? {} : { version: version as number }),
      ...(field === undefined ? {} : { field: checkText(field) }),
      ...(encoding === undefined ? {} : { encoding: encoding as 'base64' | 'hex' | 'utf8' }),
    },
    relative: false,
    envName,
  }
}

/** `{ secretKeyRef }`, also below `valueFrom`, as a container of Kubernetes has it. */
function secretKeyRefOf(input: Record<string, unknown>): unknown {
  const [only, ...others] = Object.keys(input)
  if (others.length > 0) return undefined
  if (only === 'secretKeyRef') return input.secretKeyRef
  const from = only === 'valueFrom' ? input.valueFrom : undefined
  if (typeof from !== 'object' || from === null) return undefined
  if (Object.keys(from).join() === 'secretKeyRef') return (from as typeof input).secretKeyRef
  throw refuse('Of valueFrom a secretKeyRef is taken, and nothing else.')
}

const checkForeign = (ref: ProviderRef): ProviderRef =>
  ref.label === undefined ? ref : { ...ref, label: checkLabel(ref.label) }

function checkText(text: unknown): string {
  if (typeof text !== 'string' || text === '') throw refuse('A reference names something.')
  if (text.length > LIMITS.referenceCharsMax) {
    throw new CofferError(
      'too_large',
      `A reference has at most ${LIMITS.referenceCharsMax} characters.`,
    )
  }
  if (text.includes('\0')) throw refuse('A reference holds no NUL.')
  return text
}

function checkProvider(name: unknown): string {
  if (typeof name === 'string' && PROVIDER.test(name)) return name
  throw new CofferError(
    'invalid_reference',
    "A provider's name has at most 32 small letters, digits and - and begins with a letter.",
    { remedy: 'A path with a colon in it is written in the object form: { path }.' },
  )
}

const refuse = (why: string) => new CofferError('invalid_reference', why)

function nameOf(input: unknown): string {
  const { path, secretKeyRef, valueFrom } = (
    typeof input === 'object' && input !== null ? input : { path: input }
  ) as Record<string, unknown>
  const keyRef = secretKeyRef ?? (valueFrom as { secretKeyRef?: unknown } | undefined)?.secretKeyRef
  const { name, key } = (keyRef ?? {}) as Record<string, unknown>
  const text = typeof name === 'string' ? `secretKeyRef ${name}/${String(key)}` : path
  return typeof text === 'string' ? text.slice(0, LIMITS.referenceCharsMax) : '(malformed)'
}
