import { randomUUID } from 'node:crypto'
import type { SecretsManager as Client } from '@aws-sdk/client-secrets-manager'
import { SecretsManager } from '@aws-sdk/client-secrets-manager'
import { expect } from 'vitest'
import type { Coffer } from '../../../core/ports/coffer.ts'
import type { Policy } from '../../../core/policy/policy.ts'
import type { Guard, ServerOptions } from '../../server.ts'
import type { TestServer } from '../../test-server.ts'
import { ADMIN, startTestServer } from '../../test-server.ts'

/** A server with an access key of the administrator, and the official client at it. */
export interface TestAws extends TestServer {
  readonly client: Client
  readonly coffer: Coffer
  readonly credentials: Credentials
  /** An access key of an actor that has these rules and no other. */
  keyOf(actor: string, rules: Policy['rules']): Promise<Credentials>
  clientWith(credentials: Credentials, region?: string, endpoint?: string): Client
}

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export async function startTestAws(
  options: Partial<ServerOptions> = {},
  guard?: Guard,
): Promise<TestAws> {
  const server = await startTestServer({ options, ...(guard === undefined ? {} : { guard }) })
  const coffer = server.platform.as(ADMIN, { via: 'test' })
  const clients: Client[] = []
  const keyFor = async (actor: string): Promise<Credentials> => {
    const { record, secretAccessKey } = await coffer.identities.createAccessKey({ actor })
    return { accessKeyId: record.id, secretAccessKey: secretAccessKey.reveal() }
  }
  const clientWith: TestAws['clientWith'] = (
    credentials,
    region = 'eu-west-1',
    endpoint = server.url,
  ) => {
    const client = new SecretsManager({
      endpoint,
      region,
      credentials,
      maxAttempts: 1,
      // The server's clock is a test's own.
      systemClockOffset: server.now() - Date.now(),
    })
    clients.push(client)
    return client
  }
  const credentials = await keyFor(ADMIN)
  return {
    ...server,
    coffer,
    credentials,
    client: clientWith(credentials),
    clientWith,
    async keyOf(actor, rules) {
      const name = actor.replaceAll(':', '-')
      await coffer.access.putPolicy({ name, rules })
      await coffer.access.putActor({ name: actor, policies: [name], roles: [] })
      return keyFor(actor)
    },
    async close() {
      for (const client of clients) client.destroy()
      await server.close()
    },
  }
}

/** A client request token. */
export const token = (): string => randomUUID()

/** That a call fails with this error of the client's: its name, its text and HTTP 400. */
export async function expectFault(
  call: Promise<unknown>,
  name: string,
  message: string | RegExp = /./,
): Promise<void> {
  const error = await failureOf(call)
  expect(error).toMatchObject({ name, $metadata: { httpStatusCode: 400 } })
  if (typeof message === 'string') expect(error.message).toBe(message)
  else expect(error.message).toMatch(message)
}

/** The error that a call fails with. */
export const failureOf = (call: Promise<unknown>): Promise<Error> =>
  call.then(
    () => new Error('It did not fail.'),
    (error: unknown) => error as Error,
  )
