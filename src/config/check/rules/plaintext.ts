import type { Finding } from '../../../core/finding.ts'
import type { CheckedDocument, Facts, Scalar } from '../facts.ts'
import { holdsPassword } from '../plaintext/credentials.ts'
import { looksRandom } from '../plaintext/entropy.ts'
import { declaredNames, isSensitiveName, looksSecret } from '../plaintext/key-names.ts'
import { knownValuesOf } from '../plaintext/known-values.ts'
import { isPlaceholder } from '../plaintext/placeholder.ts'
import { findToken } from '../plaintext/token-formats.ts'
import type { CodeRow, Rule } from '../rule.ts'

const CODES = {
  known_value: {
    severity: 'error',
    meaning: 'The value of a stored secret stands in a file of the project.',
    remedy: 'Take it out of the file, and change it where it is issued: it is in the history too.',
  },
  plaintext_secret: {
    severity: 'error',
    meaning:
      'A secret stands in a file of the project: a known format of tokens, an address with a password, a key that says so, or the name of a declared secret.',
    remedy:
      'Change it where it is issued, store it with `coffer set`, declare it in coffer.yaml. If it is public: `# coffer: public` at the end of its line.',
  },
  high_entropy: {
    severity: 'warning',
    meaning: 'A text looks as if it were a secret, for it is long and random.',
    remedy:
      'Store it with `coffer set`; if it is public: `# coffer: public` at the end of its line.',
  },
} as const satisfies Record<string, CodeRow>

/** Nothing sensitive stands in overlays and in the manifest. The surest reason is told, once. */
export const plaintext: Rule = {
  codes: CODES,
  find(facts) {
    const reasons = reasonsFor(facts)
    return facts.documents.flatMap((document) => {
      const told = new Set<number>()
      const found = document.scalars.flatMap((scalar) => {
        const finding = inScalar(document, scalar, reasons)
        if (finding.length > 0) for (const line of linesOf(scalar)) told.add(line)
        return finding
      })
      return [...found, ...elsewhere(document, told)]
    })
  },
}

interface Reason {
  readonly code: keyof typeof CODES
  readonly message: string
}

type Why = (scalar: Scalar, document: CheckedDocument) => Reason | undefined

/** Surest first. */
function reasonsFor({ secrets, manifest }: Facts): readonly Why[] {
  const known = knownValuesOf(
    secrets.flatMap(({ path, answer }) =>
      answer.kind === 'value' ? [{ path, secret: answer.secret }] : [],
    ),
  )
  const declared = declaredNames(manifest.secrets)
  const hasToken = remembered((text: string) => findToken(text) !== undefined)
  const isSensitive = remembered(isSensitiveName)
  const plain = (message: string): Reason => ({ code: 'plaintext_secret', message })
  return [
    ({ value }, { kind }) => {
      const path =
        known.whoseValue(value) ?? (kind === 'overlay' ? known.whoseValueIn(value) : undefined)
      return path === undefined
        ? undefined
        : { code: 'known_value', message: `The value of ${path} stands here.` }
    },
    ({ value }, { text }) => {
      const token = hasToken(text) ? findToken(value) : undefined
      return token === undefined ? undefined : plain(`What stands here is ${token.what}.`)
    },
    ({ value }) =>
      holdsPassword(value) ? plain('An address with a password stands here.') : undefined,
    ({ path, value, isText }, { kind }) => {
      const secret =
        kind === 'overlay' && isText && !isPlaceholder(value) ? declared(path) : undefined
      return secret === undefined
        ? undefined
        : plain(`This is the declared secret ${secret.name}, and it has a value here.`)
    },
    ({ path, value, isText }) => {
      const key = path.at(-1) ?? ''
      return isSensitive(key) && looksSecret(key, value, isText)
        ? plain(`A key named ${key} has a value here.`)
        : undefined
    },
    ({ path, value, isText }, { kind }) =>
      kind === 'overlay' && isText && looksRandom(path.join('.'), value)
        ? { code: 'high_entropy', message: 'A long random text stands here.' }
        : undefined,
  ]
}

/** The same question is asked of a whole document, and of keys that come again and again. */
function remembered<T>(work: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>()
  return (text) => {
    const found = known.get(text) ?? work(text)
    known.set(text, found)
    return found
  }
}

function inScalar(document: CheckedDocument, scalar: Scalar, reasons: readonly Why[]): Finding[] {
  for (const why of reasons) {
    const reason = why(scalar, document)
    if (reason === undefined) continue
    return isPublic(document, scalar.line) ? [] : [findingAt(document, scalar, reason)]
  }
  return []
}

/** In comments, keys, and what the parser could not read. */
function elsewhere(document: CheckedDocument, told: ReadonlySet<number>): Finding[] {
  if (findToken(document.text) === undefined) return []
  return document.text.split('\n').flatMap((text, i) => {
    const line = i + 1
    const token = told.has(line) || PUBLIC.test(text) ? undefined : findToken(text)
    if (token === undefined) return []
    const place = { path: [], line, column: token.index + 1 }
    const message = `What stands here is ${token.what}.`
    return [findingAt(document, place, { code: 'plaintext_secret', message })]
  })
}

/** A text over several lines, as keys are, begins a line below its first. */
function linesOf({ value, line }: Scalar): number[] {
  const below = value.includes('\n') ? value.split('\n').length : 0
  return Array.from({ length: 1 + below }, (_, i) => line + i)
}

const PUBLIC = /#\s*coffer:\s*public\b/

const isPublic = (document: CheckedDocument, line: number): boolean => {
  const lines = split.get(document) ?? document.text.split('\n')
  split.set(document, lines)
  return PUBLIC.test(lines[line - 1] ?? '')
}

const split = new WeakMap<CheckedDocument, readonly string[]>()

function findingAt(
  { file }: CheckedDocument,
  { path, line, column }: Pick<Scalar, 'path' | 'line' | 'column'>,
  { code, message }: Reason,
): Finding {
  const { severity, remedy } = CODES[code]
  const place = path.length === 0 ? `${file}:${line}` : `${file}#${path.map(shown).join('.')}`
  return { code, severity, path: place, message, remedy, file, line, column }
}

/** A key that is itself a token is not printed. */
const shown = (key: string): string => (findToken(key) === undefined ? key : '(a token)')
