import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '../../caller.ts'
import { callerOf } from '../../caller.ts'
import type { Operation, Server } from '../../server.ts'
import { BACKENDS } from './backends.ts'
import { misplaced } from './kv/misplaced.ts'
import type { EarlyCallers } from './early-callers.ts'
import type { Reply } from './envelope.ts'
import { replyOf } from './envelope.ts'
import { refuse } from './errors.ts'
import { typeOf, uuidOf } from './mounts/mount.ts'
import type { MountTable } from './mounts/table.ts'
import { SYSTEM, mountAt } from './mounts/table.ts'
import { guardPath, guardSecret } from './policy/path-guard.ts'
import type { ParsedRequest } from './request.ts'
import { parseRequest } from './request.ts'
import type { Mount, VaultContext, VaultHandler, VaultOperation, VaultRoute } from './route.ts'
import { findRoute } from './table.ts'

export const VIA = 'vault'

/** Answers a request, or throws what it is refused with. */
export type Dispatch = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>

export function createDispatch(
  server: Server,
  mounts: () => Promise<MountTable>,
  early: EarlyCallers,
): Dispatch {
  return async (request, reply) => {
    const parsed = parseRequest(request)
    refuseNamespace(request)
    const place = await placeOf(parsed, mounts)
    const context = contextOf(server, request, parsed, place, mounts, early)
    const { handler, caller } = await admit(context, place)
    refuseWrapping(request)
    const answer = await handler(caller === undefined ? context : { ...context, caller })
    return send(reply, replyOf(answer, requestId(request.id), typeOf(context.mount.backend)))
  }
}

/** Where a path leads: nowhere, to a mount, or to one of its routes. */
interface Place {
  readonly mount: Mount | undefined
  readonly route: VaultRoute | undefined
  readonly params: Readonly<Record<string, string>>
}

async function placeOf(
  { path, operation }: ParsedRequest,
  mounts: () => Promise<MountTable>,
): Promise<Place> {
  const at = path.startsWith('sys/') ? mountAt([SYSTEM], path) : mountAt(await mounts(), path)
  if (at === undefined) return { mount: undefined, route: undefined, params: {} }
  const { rest } = at
  const asked = operation === 'list' && rest.endsWith('/') ? rest.slice(0, -1) : rest
  const found = findRoute(BACKENDS[at.mount.backend], asked)
  return { mount: at.mount, route: found?.route, params: found?.params ?? {} }
}

/** A stranger learns nothing of what is where: who asks comes before whether there is something. */
async function admit(context: VaultContext, { mount, route }: Place): Promise<Admitted> {
  const handler = route?.on[context.operation]
  if (route?.open === true && handler !== undefined) return { handler }
  const caller = await context.caller()
  if (route?.decidedInside === true && handler !== undefined) {
    const labelsMeant = route.alsoGuarded?.[context.operation]
    if (labelsMeant !== undefined) await guardSecret(context, caller, await labelsMeant(context))
    return { handler }
  }
  const acting = await guardPath(context, caller)
  if (mount === undefined) {
    const shown = JSON.stringify(context.path.slice(0, PATH_CHARS_SHOWN))
    throw refuse(404, `no handler for route ${shown}. route entry not found.`)
  }
  if (route === undefined && mount.backend === 'kv2') return { handler: misplaced }
  if (route === undefined) throw refuse(404, listed('unsupported path'))
  if (handler === undefined) throw refuse(405, listed('unsupported operation'))
  return { handler, caller: async () => acting }
}

interface Admitted {
  readonly handler: VaultHandler
  /** In place of the caller as it came. */
  readonly caller?: VaultContext['caller']
}

const PATH_CHARS_SHOWN = 512

/** As Go prints a list of one error. */
const listed = (error: string) => `1 error occurred:\n\t* ${error}\n\n`

function contextOf(
  server: Server,
  request: FastifyRequest,
  parsed: ParsedRequest,
  { mount, route, params }: Place,
  mounts: () => Promise<MountTable>,
  early: EarlyCallers,
): VaultContext {
  let caller: Promise<Caller> | undefined
  const counts = route?.counts ?? countedAs(parsed)
  // A refusal, too, is the same at every call.
  const ask = async () => callerOf(server, request, parsed.token, VIA, counts)
  return {
    ...parsed,
    server,
    request,
    mount: mount ?? SYSTEM,
    route,
    params,
    mounts,
    caller: async () => early.of(request) ?? (caller ??= ask()),
  }
}

const COUNTED: Readonly<Record<VaultOperation, Operation>> = {
  read: 'read',
  list: 'list',
  update: 'write',
  patch: 'write',
  delete: 'write',
}

const countedAs = ({ path, operation }: ParsedRequest): Operation =>
  path.startsWith('sys/') || path.startsWith('auth/') ? 'manage' : COUNTED[operation]

/** There is one namespace, whose name is `root`. */
function refuseNamespace({ headers }: FastifyRequest): void {
  const given = headers['x-vault-namespace']
  if (given === undefined || given === '' || given === '/') return
  if (given === 'root' || given === 'root/') return
  throw refuse(400, 'this server has no namespaces')
}

/** Data is never handed out unwrapped where somebody asked for it wrapped. */
function refuseWrapping({ headers }: FastifyRequest): void {
  const given = headers['x-vault-wrap-ttl']
  if (given === undefined || given === '' || given === '0' || given === '0s') return
  throw refuse(400, 'this server does not wrap responses')
}

/** Our own name of the request, as audit events have it, in the form of a UUID. */
const requestId = (id: string): string =>
  uuidOf(Buffer.from(id, 'base64url').toString('hex').slice(0, 32).padEnd(32, '0'))

/** As bytes: Fastify would add a charset to the type of a string, and hvac knows no such type. */
export function send(reply: FastifyReply, { status, text }: Reply): FastifyReply {
  if (text === '') return reply.code(status).send()
  return reply.code(status).header('content-type', 'application/json').send(Buffer.from(text))
}
