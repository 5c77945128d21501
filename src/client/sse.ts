import { CofferError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'

/** One event of a stream. */
export interface ServerEvent {
  /** `message` where the server named none. */
  readonly name: string
  readonly data: string
  /** Where to go on from after it, when the server said so. */
  readonly id: string | undefined
}

export interface EventReader {
  /** @throws CofferError `too_large` for an event past `clientEventBytesMax` */
  read(chunk: Uint8Array): ServerEvent[]
  /** Where to go on from; the server may say so without an event. */
  lastId(): string | undefined
}

/**
 * Reads a stream of server-sent events (HTML Living Standard, 9.2.6), chunk by chunk; comments keep
 * the connection alive and are dropped. What is cut off at the end is no event.
 */
export function createEventReader(): EventReader {
  const decoder = new TextDecoder()
  let rest = ''
  let name = ''
  let data: string[] = []
  let id: string | undefined
  let lastId: string | undefined
  let size = 0

  const line = (text: string, done: (event: ServerEvent) => void): void => {
    if (text === '') {
      lastId = id
      if (data.length > 0) done({ name: name === '' ? 'message' : name, data: data.join('\n'), id })
      ;[name, data, size] = ['', [], 0]
      return
    }
    if ((size += text.length) > LIMITS.clientEventBytesMax) throw tooLarge()
    const colon = text.indexOf(':')
    if (colon === 0) return
    const field = colon === -1 ? text : text.slice(0, colon)
    const value = colon === -1 ? '' : text.slice(text[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'data') data.push(value)
    else if (field === 'event') name = value
    else if (field === 'id' && !value.includes('\0')) id = value
  }

  return {
    lastId: () => lastId,
    read(chunk) {
      rest += decoder.decode(chunk, { stream: true })
      const events: ServerEvent[] = []
      // A return at the end may be the first half of a line end.
      const lines = rest.split(/\r\n|\n|\r(?!$)/)
      rest = lines.pop() ?? ''
      for (const text of lines) line(text, (event) => events.push(event))
      if (size + rest.length > LIMITS.clientEventBytesMax) throw tooLarge()
      return events
    },
  }
}

const tooLarge = () =>
  new CofferError('too_large', `An event has more than ${LIMITS.clientEventBytesMax} characters.`)
