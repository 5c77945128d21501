import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'

/**
 * Answers are read no further than a document may go: the client by itself reads any length.
 *
 * Errors that come in XML are told apart as those in JSON are: what stands before the service (a
 * gateway, an emulator's check of credentials) answers in XML, whatever it was asked in, and the
 * client finds no error in it.
 */
export function understandAnswers(client: SecretsManagerClient): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      const answered = await next(args)
      const response = answered.response as Partial<Response>
      const { statusCode = 0, body } = response
      if (!isStream(body)) return answered
      if (statusCode < 400 || isJson(response)) {
        response.body = await wholeOf(body)
        return answered
      }
      const text = await textOf(body)
      const code = /<Code>([A-Za-z]{1,64})<\/Code>/.exec(text)?.[1]
      response.body = Buffer.from(code === undefined ? text : JSON.stringify({ __type: code }))
      return answered
    },
    { step: 'deserialize', priority: 'low', name: 'cofferUnderstandAnswers' },
  )
}

interface Response {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string | undefined>>
  body: unknown
}

const BYTES_MAX = 16_384

const isJson = ({ headers = {} }: Partial<Response>) => /json/.test(headers['content-type'] ?? '')

const isStream = (body: unknown): body is AsyncIterable<Uint8Array> =>
  typeof body === 'object' && body !== null && Symbol.asyncIterator in body

async function wholeOf(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > LIMITS.documentBytesMax) {
      throw new CofferError('too_large', 'What answers for AWS says more than AWS would.', {
        remedy: 'Check the endpoint, and what stands before it.',
      })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** No more than an error needs. */
async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    length += chunk.length
    if (length > BYTES_MAX) break
  }
  return Buffer.concat(chunks).toString('latin1', 0, BYTES_MAX)
}
