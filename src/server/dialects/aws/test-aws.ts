import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import type { Policy } from '../../../core/policy/policy.ts'
import type { ServerOptions } from '../../server.ts'
import type { TestServer } from '../../test-server.ts'
import { ADMIN, startTestServer } from '../../test-server.ts'

/** A server with an access key of the administrator, and the official client at it. */
export interface TestAws extends TestServer {
  readonly client: SecretsManagerClient
  readonly credentials: Credentials
  /** A client of an actor that has one policy. */
  clientOf(actor: string, rules: Policy['rules'], region?: string): Promise<SecretsManagerClient>
}

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export async function startTestAws(options: Partial<ServerOptions> = {}): Promise<TestAws> {
  const server = await startTestServer({ options })
  const admin = server.platform.as(ADMIN, { via: 'test' })
  const keyOf = async (actor: string): Promise<Credentials> => {
    const { record, secretAccessKey } = await admin.identities.createAccessKey({ actor })
    return { accessKeyId: record.id, secretAccessKey: secretAccessKey.reveal() }
  }
  const clients: SecretsManagerClient[] = []
  const clientWith = (credentials: Credentials, region: string) => {
    const client = new SecretsManagerClient({
      endpoint: server.url,
      region,
      credentials,
      maxAttempts: 1,
    })
    clients.push(client)
    return client
  }
  const credentials = await keyOf(ADMIN)
  return {
    ...server,
    credentials,
    client: clientWith(credentials, 'eu-west-1'),
    async clientOf(actor, rules, region = 'eu-west-1') {
      const name = actor.replaceAll(':', '-')
      await admin.access.putPolicy({ name, rules })
      await admin.access.putActor({ name: actor, policies: [name], roles: [] })
      return clientWith(await keyOf(actor), region)
    },
    async close() {
      for (const client of clients) client.destroy()
      await server.close()
    },
  }
}
