import { CofferError } from '../core/errors.ts'
import type { StandardIssue, StandardResult, StandardSchema } from './standard-schema.ts'

const ISSUES_MAX = 3
const MESSAGE_CHARS_MAX = 160
/** A run of this many letters and digits that message and value share makes the message unfit. */
const SHARED_CHARS = 4

/**
 * Offers the candidates to the schema, one after another, and returns what it makes of the first
 * it accepts.
 * @throws CofferError `invalid_value`. Validators echo what they are given, so that their words
 * are passed on only where they share nothing with the value.
 */
export async function validate(
  schema: StandardSchema,
  candidates: readonly unknown[],
): Promise<unknown> {
  const refusals: (readonly StandardIssue[])[] = []
  for (const candidate of candidates) {
    const result = await run(schema, candidate)
    if (result.issues === undefined) return result.value
    refusals.push(result.issues)
  }
  // Of a value that was offered as text and as an object, the object's issues say more.
  const issues = refusals[Math.max(0, candidates.findIndex(isTree))] ?? []
  const words = issues.slice(0, ISSUES_MAX).map((issue) => tell(issue, candidates))
  const known = [...new Set(words)].filter((word) => word !== '')
  throw new CofferError(
    'invalid_value',
    known.length === 0
      ? 'The value does not pass its schema.'
      : `The value does not pass its schema: ${known.join('; ')}.`,
    { remedy: 'Correct the value, or the schema.' },
  )
}

async function run(schema: StandardSchema, value: unknown): Promise<StandardResult<unknown>> {
  try {
    return await schema['~standard'].validate(value)
  } catch {
    return { issues: [{ message: '' }] }
  }
}

function tell(issue: StandardIssue, candidates: readonly unknown[]): string {
  // Not `path.map`: ArkType's paths are arrays of a class that makes one of length 0 hold a 0.
  const steps = Array.from(issue.path ?? [], (step) => (typeof step === 'object' ? step.key : step))
  const path = steps.map(String).join('.')
  const message = issue.message.replace(/\.$/, '')
  // A path within a JSON value is made of that value's own keys, which may be shown.
  const where = isFit(path, candidates.some(isTree) ? [] : candidates) ? path : ''
  const what = isFit(message, candidates) ? message : ''
  return where === '' || what === '' ? where || what : `${where}: ${what}`
}

const isTree = (value: unknown) =>
  typeof value === 'object' && value !== null && !(value instanceof Uint8Array)

/** Whether text shares nothing with any of the values, in any case or escaping. */
function isFit(text: string, values: readonly unknown[]): boolean {
  if (text.length > MESSAGE_CHARS_MAX || /[\p{Cc}\p{Cf}]/u.test(text)) return false
  const words = squeeze(text)
  return values.every((value) => {
    const raw = textOf(value)
    const mine = squeeze(raw)
    if (mine.length < SHARED_CHARS) return raw === '' || words === ''
    for (let i = 0; i + SHARED_CHARS <= words.length; i++) {
      if (mine.includes(words.slice(i, i + SHARED_CHARS))) return false
    }
    return true
  })
}

const squeeze = (text: string) => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (value instanceof Uint8Array) return new TextDecoder('latin1').decode(value)
  return JSON.stringify(value) ?? ''
}
