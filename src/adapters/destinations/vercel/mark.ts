import { CofferError } from '../../../core/errors.ts'
import type { PutChange } from '../../../core/ports/destination.ts'

/**
 * What stands in the comment of a variable that is ours: the owner, for us to read, and where it comes
 * from, for people. Nothing of the value.
 * @throws CofferError `too_large` for an owner that no comment holds
 */
export function markOf(
  owner: string,
  { path, version }: Pick<PutChange, 'path' | 'version'>,
): string {
  const mark = `${BEGIN}${encodeURI(owner)}.`
  if (mark.length > COMMENT_CHARS_MAX) {
    throw new CofferError(
      'too_large',
      'The name of what owns it is too long for a comment at Vercel.',
    )
  }
  const from = version === undefined ? path : `${path} v${version}`
  const long = `${mark} From ${from}; changes here are overwritten.`
  return long.length > COMMENT_CHARS_MAX ? mark : long
}

/** Absent: it is not ours. */
export function ownerOf(comment: unknown): string | undefined {
  const found = typeof comment === 'string' ? MARK.exec(comment)?.[1] : undefined
  try {
    return found === undefined ? undefined : decodeURI(found)
  } catch {
    return undefined
  }
}

const BEGIN = 'Delivered by Coffer for '
const MARK = /^Delivered by Coffer for (\S+)\.(?: From |$)/
const COMMENT_CHARS_MAX = 500
