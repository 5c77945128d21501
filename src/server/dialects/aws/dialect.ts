import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isCofferError } from '../../../core/errors.ts'
import { cofferErrorOf } from '../../problem.ts'
import type { Dialect } from '../../dialect.ts'
import type { Server } from '../../server.ts'
import { parseJsonBody } from '../../json-body.ts'
import { isLongBody } from '../../long-body.ts'
import { createAccessTimes } from './access-times.ts'
import type { WholeAnswer } from '../../direct.ts'
import type { Asking } from '../../observe.ts'
import { VIA, authenticate } from './authenticate.ts'
import type { Sent, Signatures } from './authenticate.ts'
import { directReads } from './direct.ts'
import type { Call, DialectState, Operation } from './call.ts'
import { AwsFault, FAULTS } from './errors/fault.ts'
import { faults } from './errors/faults.ts'
import { faultOf } from './errors/translate.ts'
import { principalOf } from './names/arn.ts'
import { createKnownNames } from './names/known.ts'
import { OPERATIONS } from './operations/registry.ts'
import { createClockwork } from './rotation/clockwork.ts'
import { createRotations } from './rotation/rotations.ts'
import { checkInput } from './shapes/check.ts'
import { createReading } from './sigv4/reading.ts'
import { createSigningKeys } from './sigv4/signing-keys.ts'
import { callerIdentity, stsFault } from './sts.ts'
import { refuseStranger } from './strangers.ts'
import { createTurns } from './turns.ts'

/** AWS Secrets Manager: `POST /` by `X-Amz-Target`, and STS's `GetCallerIdentity` as a form. */
export const aws: Dialect = {
  prefix: '',
  via: VIA,
  register(scope, server) {
    const state: State = {
      keys: createSigningKeys(),
      reading: createReading(),
      accessTimes: createAccessTimes(),
      names: createKnownNames(),
      turns: createTurns(),
      rotations: createRotations(),
    }
    takeBytes(scope)
    const clockwork = createClockwork(server, state.rotations)
    scope.addHook('onClose', async () => {
      await clockwork.close()
      await state.rotations.close()
    })
    scope.addHook('onRequest', (request, _reply, done) => {
      if (!isLongBody(request)) return done()
      refuseStranger(server, request).then(() => done(), done)
    })
    scope.setErrorHandler((error, request, reply) =>
      put(reply, faultAnswer(request, outsideFault(error), error)),
    )
    scope.post('/', { config: { via: VIA } }, (request, reply) => {
      const form = isForm(request)
      if (form) return answerSts(server, state, request, reply)
      return answer(server, state, request, request.raw, bytesOf(request)).then((whole) =>
        put(reply, whole),
      )
    })
    return directReads({
      answer: (request, sent, body) => answer(server, state, request, sent, body),
      refusal: (error, request) => faultAnswer(request, outsideFault(error), error),
    })
  },
}

type State = DialectState & Signatures

/** A signature is over the bytes of the body, so nothing may read them before. */
function takeBytes(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
}

async function answer(
  server: Server,
  state: State,
  request: Asking,
  sent: Sent,
  body: Uint8Array,
): Promise<WholeAnswer> {
  let call: Call | undefined
  let input: Readonly<Record<string, unknown>> = {}
  try {
    const name = nameOf(sent.headers['x-amz-target'])
    const operation = OPERATIONS.get(name)
    if (operation === undefined) throw unknown(server, request)
    const wanted = { service: 'secretsmanager', operation: name, kind: operation.kind } as const
    call = await authenticate(server, state, request, sent, body, wanted)
    input = inputOf(server, request, body, operation)
    const output = await operation.run(call, input as never)
    const text = output === undefined ? '' : JSON.stringify(output)
    return { status: 200, headers: headersOf(request), body: text }
  } catch (error) {
    return faultAnswer(request, faultOf(error, asked(call, input)), error)
  }
}

async function answerSts(
  server: Server,
  state: State,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  try {
    const body = bytesOf(request)
    const action = new URLSearchParams(Buffer.from(body).toString()).get('Action')
    if (action !== 'GetCallerIdentity') throw unknown(server, request)
    const wanted = { service: 'sts', operation: action, kind: 'read' } as const
    const call = await authenticate(server, state, request, request.raw, body, wanted)
    return await headed(request, reply).type(XML_TYPE).send(callerIdentity(call, request.id))
  } catch (error) {
    const fault = faultOf(error, NOBODY)
    noteFault(request, fault, error)
    const { status, body } = stsFault(fault, request.id)
    return headed(request, reply, fault).code(status).type(XML_TYPE).send(body)
  }
}

function faultAnswer(request: Asking, fault: AwsFault, cause: unknown): WholeAnswer {
  noteFault(request, fault, cause)
  const headers = [...headersOf(request, fault), 'x-amzn-errortype', fault.type]
  return { status: fault.status, headers, body: fault.toJson() }
}

function headersOf(request: Asking, { retryAfterSeconds }: Partial<AwsFault> = {}): string[] {
  const headers = ['x-amzn-requestid', request.id, 'content-type', JSON_TYPE]
  if (retryAfterSeconds !== undefined) headers.push('retry-after', `${retryAfterSeconds}`)
  return headers
}

function put(reply: FastifyReply, { status, headers, body }: WholeAnswer): FastifyReply {
  for (let i = 0; i < headers.length; i += 2) void reply.header(headers[i] ?? '', headers[i + 1])
  return reply.code(status).serializer(asItIs).send(body)
}

function headed(request: FastifyRequest, reply: FastifyReply, fault?: AwsFault): FastifyReply {
  void reply.header('x-amzn-requestid', request.id)
  const { retryAfterSeconds } = fault ?? {}
  return retryAfterSeconds === undefined ? reply : reply.header('retry-after', retryAfterSeconds)
}

/** Text of this type that is not serialized by Fastify would get a charset, which AWS's does not have. */
const asItIs = (text: unknown): string => String(text)

/** For logs and metrics; faults are answered, not thrown, so nobody else would see them. */
function noteFault(request: Asking, fault: AwsFault, cause: unknown): void {
  if (request.seen === undefined) return
  request.seen.code = isCofferError(cause) ? cause.code : FAULTS[fault.type].code
}

/** What was refused before the dialect saw it: an address, a body that is too large. */
function outsideFault(given: unknown): AwsFault {
  if (given instanceof AwsFault) return given
  const error = cofferErrorOf(given)
  if (error.code === 'too_large') {
    return new AwsFault('RequestEntityTooLargeException', 'The request is too large.')
  }
  return error.code === 'invalid_argument'
    ? faults.serialization('The request is malformed.')
    : faultOf(error, NOBODY)
}

const asked = (call: Call | undefined, input: Readonly<Record<string, unknown>>) =>
  call === undefined
    ? NOBODY
    : {
        operation: call.operation,
        principal: principalOf(call, call.session.actor),
        resource: textOf(input['SecretId'] ?? input['Name']),
      }

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '*')

/** What makes no sense never reaches what audits the rest of a caller's requests. @throws AwsFault */
function inputOf(
  server: Server,
  request: Asking,
  body: Uint8Array,
  { input }: Pick<Operation, 'input'>,
): Readonly<Record<string, unknown>> {
  try {
    return checkInput(documentOf(body), input)
  } catch (error) {
    server.guard.refused(request.ip, VIA, 'invalid_argument')
    throw error
  }
}

/** @throws AwsFault `SerializationException` */
function documentOf(body: Uint8Array): unknown {
  try {
    return parseJsonBody(body).document
  } catch {
    throw faults.serialization('The request body is not a JSON document that can be read.')
  }
}

function unknown(server: Server, request: Asking): AwsFault {
  server.guard.refused(request.ip, VIA, 'invalid_argument')
  return new AwsFault(
    'UnknownOperationException',
    'The requested operation is not recognized by the service.',
  )
}

const bytesOf = ({ body }: FastifyRequest): Uint8Array =>
  body instanceof Uint8Array ? body : new Uint8Array(0)

const isForm = ({ headers }: FastifyRequest): boolean =>
  headers['x-amz-target'] === undefined &&
  headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true

const nameOf = (target: string | string[] | undefined): string =>
  typeof target === 'string' && target.startsWith(TARGET) ? target.slice(TARGET.length) : ''

const NOBODY = { operation: '', principal: 'anonymous', resource: '*' }
const TARGET = 'secretsmanager.'
const JSON_TYPE = 'application/x-amz-json-1.1'
const XML_TYPE = 'text/xml'
