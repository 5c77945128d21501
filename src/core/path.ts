import { CofferError } from './errors.ts'
import { LIMITS } from './limits.ts'

/**
 * The canonical form of a secret's path, decided here and nowhere else.
 *
 * - Segments are joined by one `/`. One leading slash is dropped (`/shop/prod/a` is `shop/prod/a`);
 *   a second one, a trailing one, and the segments `.` and `..` are refused.
 * - Case counts. Text is in Unicode NFC; another form is refused rather than merged with it.
 * - Control and format characters (NUL, newlines, bidirectional marks, zero-width), lone
 *   surrogates, backslashes, and spaces at the ends of a segment are refused.
 * - At most 512 bytes of UTF-8 and 64 segments.
 *
 * `__proto__` and `constructor` are ordinary names: paths are never keys of plain objects.
 *
 * @throws CofferError `invalid_path`, or `too_large` past the limit.
 */
export function canonicalPath(input: string): string {
  if (typeof input !== 'string') throw refuse('A path is a string.')
  const path = input.charCodeAt(0) === SLASH ? input.slice(1) : input
  if (PLAIN.test(path)) {
    if (path.length > LIMITS.pathBytesMax) throw tooLong()
  } else {
    refuseUnusual(path)
  }
  refuseSegments(path)
  return path
}

/** A prefix names a subtree: `''` or a canonical path; one trailing slash is allowed and dropped. */
export function canonicalPrefix(input: string): string {
  if (input === '' || input === '/') return ''
  const closed = typeof input === 'string' && input.endsWith('/')
  return canonicalPath(closed ? input.slice(0, -1) : input)
}

/** Whether `path` is `prefix` or lies below it, segment by segment. */
export const isBelow = (path: string, prefix: string): boolean =>
  prefix === '' || path === prefix || path.startsWith(`${prefix}/`)

const SLASH = 0x2f
/** Printable ASCII without the backslash: the fast way for almost every path. */
const PLAIN = /^[\x21-\x5b\x5d-\x7e]+$/

/** Its classes of Unicode are made when they are needed: they cost more than all plain paths of a start. */
function refuseUnusual(path: string): void {
  if (path === '') throw refuse('A path has at least one segment.')
  if (!path.isWellFormed()) throw refuse('The path holds half of a surrogate pair.')
  if (Buffer.byteLength(path) > LIMITS.pathBytesMax) throw tooLong()
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\\]/u.test(path)) {
    throw refuse('The path holds a control or invisible character, or a backslash.')
  }
  if (path.normalize('NFC') !== path) {
    throw refuse('The path is not in Unicode normal form C.', 'Write its accented letters as NFC.')
  }
  if (/(^|\/)\p{Z}|\p{Z}(\/|$)/u.test(path)) {
    throw refuse('A segment of the path begins or ends with a space.')
  }
}

function refuseSegments(path: string): void {
  let segments = 0
  for (let from = 0; from <= path.length;) {
    const slash = path.indexOf('/', from)
    const end = slash === -1 ? path.length : slash
    const length = end - from
    if (length === 0) throw refuse('The path has an empty segment.')
    if (path.charCodeAt(from) === 0x2e) {
      if (length === 1 || (length === 2 && path.charCodeAt(from + 1) === 0x2e)) {
        throw refuse('The path has a "." or ".." segment.')
      }
    }
    if (++segments > LIMITS.pathSegmentsMax) {
      throw new CofferError('too_large', `A path has at most ${LIMITS.pathSegmentsMax} segments.`)
    }
    from = end + 1
  }
}

const refuse = (why: string, remedy?: string) =>
  new CofferError('invalid_path', why, remedy === undefined ? {} : { remedy })

const tooLong = () =>
  new CofferError('too_large', `A path has at most ${LIMITS.pathBytesMax} bytes of UTF-8.`, {
    details: { pathBytesMax: LIMITS.pathBytesMax },
  })
