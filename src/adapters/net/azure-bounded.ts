import type { SecretClientOptions } from '@azure/keyvault-secrets'
import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'

type Policy = NonNullable<SecretClientOptions['additionalPolicies']>[number]['policy']

/**
 * Reads an answer no further than a document may go; the client by itself reads any length.
 * Answers come as a stream from its transport, and as text to what stands before this.
 */
export const boundedAnswers: Policy = {
  name: 'boundedAnswers',
  async sendRequest(request, next) {
    request.streamResponseStatusCodes = new Set([Number.POSITIVE_INFINITY])
    const response = await next(request)
    const { readableStreamBody: stream } = response
    if (stream === undefined) return response
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of stream) {
      const piece = Buffer.from(chunk as Uint8Array | string)
      bytes += piece.length
      if (bytes > LIMITS.documentBytesMax) {
        throw new CofferError('too_large', 'The answer of Key Vault is too long to be a secret.')
      }
      chunks.push(piece)
    }
    delete response.readableStreamBody
    const text = Buffer.concat(chunks).toString('utf8')
    // The client takes every refusal for a document, also one without a body.
    response.bodyAsText = text === '' && response.status !== 200 ? '{}' : text
    for (const chunk of chunks) chunk.fill(0)
    return response
  },
}
