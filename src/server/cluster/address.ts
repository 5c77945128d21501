import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { cannotListen } from '../start.ts'
import type { StartOptions } from '../start.ts'

/**
 * Where workers listen. Each has a socket of its own at the same port where the system can do that
 * (`SO_REUSEPORT`): a worker that dies then takes no connection along that another could have had.
 * Such a port would be shared with anybody else of this user too, so it is tried alone first.
 * @throws CofferError `unavailable` when somebody else listens there
 */
export async function addressForWorkers(start: StartOptions): Promise<StartOptions> {
  if (!SHARING.has(process.platform)) return start
  const { host, port } = start.listen
  const alone = createServer()
  const taken = await new Promise<number>((resolve, reject) => {
    alone.once('error', (error) => reject(cannotListen(start.listen, error)))
    alone.listen({ host, port, exclusive: true }, () => {
      resolve((alone.address() as AddressInfo).port)
    })
  })
  await new Promise((resolve) => alone.close(resolve))
  return { ...start, listen: { host, port: taken }, shared: true }
}

const SHARING: ReadonlySet<string> = new Set(['linux', 'freebsd', 'aix', 'sunos'])
