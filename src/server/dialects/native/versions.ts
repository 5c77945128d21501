import type { ReadAnswer, SecretVersion } from '../../../core/ports/coffer.ts'
import { problemTextOf } from './problems.ts'

/**
 * A version as JSON text, its value put into it once: text and bytes encoded, JSON as it is stored, so
 * that not a digit of it changes. The secret is erased: nothing of it stays behind here.
 */
export function versionText(found: SecretVersion): string {
  const { path, id, version, labels, encoding, type, createdAt, expiresAt, envName, secret } = found
  const known = { path, id, version, labels, encoding, type, createdAt, expiresAt, envName }
  const bytes = Buffer.from(secret.revealBytes().buffer)
  secret.erase()
  const text = `${JSON.stringify(known).slice(0, -1)},"value":${WRITTEN[encoding](bytes)}}`
  bytes.fill(0)
  return text
}

const WRITTEN: Readonly<Record<SecretVersion['encoding'], (bytes: Buffer) => string>> = {
  text: (bytes) => JSON.stringify(bytes.toString('utf8')),
  bytes: (bytes) => `"${bytes.toString('base64')}"`,
  json: (bytes) => bytes.toString('utf8'),
}

/** One answer of a batch as JSON text: a value, `null` for what is absent, or a problem. */
export function answerText(answer: ReadAnswer, request: string): string {
  if ('error' in answer) return `{"error":${problemTextOf(answer.error, request)}}`
  return `{"value":${answer.value === undefined ? 'null' : versionText(answer.value)}}`
}
