import type { JsonObject } from '../../../core/value.ts'

/** What a request was answered with. */
export interface Answer {
  readonly status: number
  /** Undefined for an empty body. */
  readonly body: VaultBody
}

/** The envelope, errors, or what has neither: tests say what they expect of it. */
// eslint-disable-next-line typescript/no-explicit-any
export type VaultBody = any

/** Sends what no client library would. */
export type Send = (
  method: string,
  path: string,
  body?: JsonObject | string,
  headers?: Record<string, string>,
) => Promise<Answer>

export function vaultClient(url: string, token?: string): Send {
  return async (method, path, body, headers = {}) => {
    const response = await fetch(`${url}/v1/${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { 'x-vault-token': token }),
        ...(method === 'PATCH' ? { 'content-type': 'application/merge-patch+json' } : {}),
        ...headers,
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }
}
