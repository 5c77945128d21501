import { CofferError, isCofferError } from './errors.ts'
import { LIMITS } from './limits.ts'
import { canonicalPath } from './path.ts'
import { kindOf } from './policy/pattern.ts'

/**
 * The id of a destination: `KIND:PLACE` in the form of a canonical path, as
 * `vercel:prj_1/production`, of at most `pathBytesMax` bytes. Nothing is made of another spelling:
 * a policy speaks of one.
 * @throws CofferError `invalid_argument`
 */
export function checkDestination(input: string): string {
  const isOne = typeof input === 'string' && DESTINATION.test(input) && kindOf(input) === undefined
  if (!isOne || pathOrNothing(input) !== input) {
    throw new CofferError(
      'invalid_argument',
      'A destination is written KIND:PLACE, as vercel:prj_1/production.',
    )
  }
  return input
}

/**
 * Everything that must be allowed before a value that another provider holds is delivered as `path`.
 * A reference that is the path itself at that provider (`aws:/shop/prod/api/key` for
 * `shop/prod/api/key`) adds nothing. Any other stands for itself, as `PROVIDER:KEY` with single
 * slashes, without field and query: who may change a manifest cannot send `env:TOKEN` under the name
 * of something that may be sent.
 * @throws CofferError `invalid_reference`
 */
export function deliveredElsewhere(path: string, reference: string): readonly string[] {
  const found = typeof reference === 'string' ? REFERENCE.exec(reference) : null
  if (found === null || reference.length > LIMITS.referenceCharsMax) throw refuse()
  const [, provider = '', key = ''] = found
  const named = key
    .split('/')
    .filter((segment) => segment !== '')
    .join('/')
  const resource = pathOrNothing(`${provider}:${named}`)
  if (named === '' || resource === undefined || kindOf(resource) !== undefined) throw refuse()
  return named === path ? [path] : [path, resource]
}

const DESTINATION = /^[a-z][a-z0-9-]{0,63}:./
/** Provider, key; a field or query that follows says which part of what is there. */
const REFERENCE = /^([a-z][a-z0-9+.-]{0,63}):([^#?]+)(?:[#?].*)?$/i

function pathOrNothing(text: string): string | undefined {
  try {
    return canonicalPath(text)
  } catch (error) {
    if (isCofferError(error)) return undefined
    throw error
  }
}

const refuse = () =>
  new CofferError(
    'invalid_reference',
    `A reference to another provider is written provider:key, with at most ${LIMITS.referenceCharsMax} characters.`,
  )
