import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestAws } from '../test-aws.ts'
import { expectFault } from '../test-aws.ts'
import type { RotationEvent } from './invoke.ts'

/** A rotation function behind a URL; what it was called with, and what it does, which a test replaces. */
export interface TestFunction {
  readonly url: string
  seen: RotationEvent[]
  work(event: RotationEvent): Promise<unknown>
  close(): void
}

export async function startTestFunction(work: TestFunction['work']): Promise<TestFunction> {
  const handler = createServer((request, response) => {
    bodyOf(request)
      .then((event) => {
        made.seen.push(event)
        return made.work(event)
      })
      .then(
        () => response.end('null'),
        () => response.writeHead(500).end('{"errorMessage":"no"}'),
      )
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => handler.once('listening', resolve))
  const made: TestFunction = {
    url: `http://127.0.0.1:${(handler.address() as AddressInfo).port}/`,
    seen: [],
    work,
    close() {
      handler.close()
      handler.closeAllConnections()
    },
  }
  return made
}

/** What the rotation functions do that AWS gives away, with the checks that they make. */
export const template =
  (clientNow: () => TestAws['client']) =>
  async ({ Step, SecretId, ClientRequestToken: id }: RotationEvent): Promise<void> => {
    const described = await clientNow().describeSecret({ SecretId })
    if (described.RotationEnabled !== true) throw new Error('not enabled')
    const versions = described.VersionIdsToStages ?? {}
    if (versions[id]?.includes('AWSCURRENT') === true) return
    if (versions[id]?.includes('AWSPENDING') !== true) throw new Error('not staged')
    const pending = { SecretId, VersionId: id, VersionStage: 'AWSPENDING' }
    if (Step === 'createSecret') {
      await expectFault(clientNow().getSecretValue(pending), 'ResourceNotFoundException')
      const { RandomPassword } = await clientNow().getRandomPassword({ PasswordLength: 20 })
      await clientNow().putSecretValue({
        SecretId,
        ClientRequestToken: id,
        SecretString: RandomPassword,
        VersionStages: ['AWSPENDING'],
      })
    } else if (Step === 'testSecret') {
      await clientNow().getSecretValue(pending)
    } else if (Step === 'finishSecret') {
      const [current] =
        Object.entries(versions).find(([, stages]) => stages.includes('AWSCURRENT')) ?? []
      await clientNow().updateSecretVersionStage({
        SecretId,
        VersionStage: 'AWSCURRENT',
        MoveToVersionId: id,
        RemoveFromVersionId: current,
      })
      await clientNow().updateSecretVersionStage({
        SecretId,
        VersionStage: 'AWSPENDING',
        RemoveFromVersionId: id,
      })
    }
  }

async function bodyOf(request: IncomingMessage): Promise<RotationEvent> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return JSON.parse(text) as RotationEvent
}
