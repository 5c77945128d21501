import type { Coffer, ReadAnswer, ReadRef, SecretVersion } from '../../../core/ports/coffer.ts'
import { quoted } from '../../../core/quoted.ts'
import { absence, problemTextOf } from './problems.ts'

/** What is read, as JSON text. @throws CofferError `not_found`, and as `Coffer.read` */
export async function readText(coffer: Coffer, ref: ReadRef): Promise<string> {
  const found = await coffer.read(ref)
  if (found === undefined) throw absence('secret or version')
  return versionText(found)
}

/**
 * A version as JSON text, its value put into it once: text and bytes encoded, JSON as it is stored, so
 * that not a digit of it changes. The secret is erased: nothing of it stays behind here.
 */
function versionText(found: SecretVersion): string {
  const { path, id, version, labels, encoding, type, createdAt, expiresAt, envName, secret } = found
  const bytes = Buffer.from(secret.revealBytes().buffer)
  secret.erase()
  const until = expiresAt === undefined ? '' : `,"expiresAt":${expiresAt}`
  const name = envName === undefined ? '' : `,"envName":${quoted(envName)}`
  // Member by member: a third of what it costs to make an object for it.
  const text = `{"path":${quoted(path)},"id":"${id}","version":${version},"labels":${JSON.stringify(labels)},"encoding":"${encoding}","type":${JSON.stringify(type)},"createdAt":${createdAt}${until}${name},"value":${WRITTEN[encoding](bytes)}}`
  bytes.fill(0)
  return text
}

const WRITTEN: Readonly<Record<SecretVersion['encoding'], (bytes: Buffer) => string>> = {
  text: (bytes) => quoted(bytes.toString('utf8')),
  bytes: (bytes) => `"${bytes.toString('base64')}"`,
  json: (bytes) => bytes.toString('utf8'),
}

/** One answer of a batch as JSON text: a value, `null` for what is absent, or a problem. */
export function answerText(answer: ReadAnswer, request: string): string {
  if ('error' in answer) return `{"error":${problemTextOf(answer.error, request)}}`
  return `{"value":${answer.value === undefined ? 'null' : versionText(answer.value)}}`
}
