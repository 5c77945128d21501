import * as wire from '../../../../client/wire/events.ts'
import { isCofferError } from '../../../../core/errors.ts'
import { problemOf } from '../../../problem.ts'
import { PATH_ERRORS } from '../refusals.ts'
import type { Call } from '../route.ts'
import { route } from '../route.ts'
import type { EventStream } from '../streams.ts'

const answer = (says: string) => ({ type: 'text/event-stream', says })

/** What goes on for as long as the client listens. */
export const streamRoutes = [
  route({
    method: 'GET',
    url: '/events',
    operation: 'list',
    operationId: 'followEvents',
    summary: 'Changes of secrets that the caller may list or read, as they happen.',
    description:
      'The first line is `id:`, a cursor to go on from, as each event has one; `event:`, the action; `data:`, a ChangeEvent. An event `reset` says that the log no longer has what follows the cursor: read what is needed again. An event `error` holds a Problem. Lines of comment say that the connection is alive.',
    query: wire.EventsQuery,
    headers: ['last-event-id'],
    answer: answer('Server-sent events, each a ChangeEvent.'),
    errors: ['invalid_path', 'not_found'],
    handle: (call) => call.streams.follow(call, (stream) => followChanges(call, stream)),
  }),
  route({
    method: 'POST',
    url: '/watch',
    operation: 'read',
    operationId: 'watchSecrets',
    summary: 'Tells of each change of secrets that the caller may read.',
    description:
      'An event `changed` names the path; one of which the caller may not read any version, or not any more, comes as `refused`, with a Problem.',
    body: wire.WatchBody,
    example: { paths: ['shop/prod/api/stripe-key'] },
    answer: answer('Server-sent events, each with a path.'),
    errors: PATH_ERRORS,
    handle: (call) => call.streams.follow(call, (stream) => watchPaths(call, stream)),
  }),
  route({
    method: 'GET',
    url: '/audit/follow',
    operation: 'manage',
    operationId: 'followAudit',
    summary: 'Entries of the audit log as they are written.',
    answer: answer('Server-sent events, each an AuditEntry.'),
    errors: [],
    handle: (call) =>
      call.streams.follow(call, (stream) =>
        call.coffer.audit.follow(
          (entry) => {
            if (!stream.send({ event: entry.action, data: entry })) stream.cut()
          },
          stream.fail,
          stream.begin,
        ),
      ),
  }),
]

/** A client that is behind is waited for, and then told the rest from the log. */
function followChanges(
  { coffer, query, request }: Call<{ prefix?: string | undefined; after?: string | undefined }>,
  stream: EventStream,
): () => void {
  const lastId = request.headers['last-event-id']
  let stop = () => {}

  const follow = (after: string | undefined): void => {
    let cursor = after
    stop = coffer.events(
      { prefix: query.prefix, after },
      (event) => {
        cursor = event.cursor
        if (stream.send({ id: cursor, event: event.action, data: event })) return
        stop()
        stream.drained(() => follow(cursor))
      },
      (error) => {
        if (!isCofferError(error, 'not_found')) return stream.fail(error)
        stream.begin()
        stream.send({ event: 'reset', data: problemOf(error, request.id) })
        stream.end()
      },
      stream.begin,
    )
  }

  follow(typeof lastId === 'string' ? lastId : query.after)
  return () => stop()
}

function watchPaths(
  { coffer, body: { paths }, request }: Call<object, { paths: readonly string[] }>,
  stream: EventStream,
): () => void {
  const tell = (event: string, data: object) => {
    if (!stream.send({ event, data })) stream.cut()
  }
  const stops = paths.map((path) =>
    coffer.watch(
      path,
      () => tell('changed', { path }),
      (error) => {
        if (!isCofferError(error)) return stream.fail(error)
        tell('refused', { path, error: problemOf(error, request.id) })
      },
    ),
  )
  stream.begin()
  return () => {
    for (const stop of stops) stop()
  }
}
