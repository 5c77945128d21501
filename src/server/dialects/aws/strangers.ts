import type { FastifyRequest } from 'fastify'
import type { Server } from '../../server.ts'
import { VIA } from './authenticate.ts'
import { AwsFault } from './errors/fault.ts'
import { parseAuthorization } from './sigv4/authorization.ts'
import { unknownClient } from './sigv4/verify.ts'

/**
 * Before a long body is read: whether its sender names an access key that there is. The signature,
 * which is over the body, is looked at afterwards.
 * @throws AwsFault; CofferError `sealed`
 */
export async function refuseStranger(server: Server, request: FastifyRequest): Promise<void> {
  const { headers, ip: address, id } = request
  const { identities } = server.gate.platform()
  try {
    const { accessKeyId } = parseAuthorization(headers.authorization)
    const from = { address, via: VIA, request: id }
    const known = await identities.accessKey(accessKeyId, from)
    if (known === undefined) throw unknownClient()
  } catch (error) {
    if (error instanceof AwsFault) server.guard.refused(address, VIA, 'unauthenticated')
    throw error
  }
}
