import type { IncomingMessage } from 'node:http'
import { LIMITS } from '../../../core/limits.ts'
import type { DirectWay, WholeAnswer } from '../../direct.ts'
import type { Asking } from '../../observe.ts'
import type { Sent } from './authenticate.ts'
import { VIA } from './authenticate.ts'

/** `GetSecretValue` as AWS's own clients send it, with a short body. */
export function directReads(by: {
  answer(request: Asking, sent: Sent, body: Uint8Array): Promise<WholeAnswer>
  refusal: DirectWay['refusal']
}): DirectWay {
  return {
    via: VIA,
    workFor(raw, { announcesBody }) {
      const { method, url, headers } = raw
      if (method !== 'POST' || url !== '/' || !announcesBody) return undefined
      if (headers['x-amz-target'] !== TARGET || headers['content-type'] !== TYPE) return undefined
      const length = lengthOf(raw)
      if (length === undefined) return undefined
      return (request) => {
        const body = takeBody(raw, length)
        if (body !== undefined) return by.answer(request, raw, body)
        return readBody(raw).then((whole) => by.answer(request, raw, whole))
      }
    },
    refusal: by.refusal,
  }
}

const TARGET = 'secretsmanager.GetSecretValue'
const TYPE = 'application/x-amz-json-1.1'
const LENGTH = /^[1-9][0-9]{0,9}$/

/** Absent where it is not said, or is longer than a stranger's may be. */
function lengthOf({ headers }: IncomingMessage): number | undefined {
  const given = headers['content-length'] ?? ''
  if (headers['transfer-encoding'] !== undefined || !LENGTH.test(given)) return undefined
  const length = Number(given)
  return length <= LIMITS.openRequestBodyBytesMax ? length : undefined
}

/** The body that has arrived with its head, as nearly all do. */
function takeBody(raw: IncomingMessage, length: number): Uint8Array | undefined {
  if (!raw.complete || raw.readableLength !== length) return undefined
  const chunks: Uint8Array[] = []
  for (let chunk = nextOf(raw); chunk !== null; chunk = nextOf(raw)) chunks.push(chunk)
  raw.resume()
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)
}

/** A long body is given in several pieces. */
const nextOf = (raw: IncomingMessage) => raw.read() as Uint8Array | null

async function readBody(raw: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of raw) chunks.push(chunk as Uint8Array)
  return Buffer.concat(chunks)
}
