import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { canonicalPrefix } from '../../core/path.ts'
import type { Coffer, ListQuery, SecretVersion } from '../../core/ports/coffer.ts'
import type { SecretRecord } from '../../core/record.ts'
import type { Problem } from '../failure.ts'
import { usage } from '../parse.ts'
import type { Session } from '../session.ts'

/** A secret below a prefix. */
export interface Found {
  /** Below the prefix; the last segment when the prefix is the secret itself. */
  readonly relative: string
  readonly version: SecretVersion
}

/**
 * Every secret below a prefix, read in batches. Each one that cannot be read is a problem.
 * @throws CofferError `not_found` when there is none
 */
export async function resolvePrefix(
  session: Pick<Session, 'coffer' | 'guarded'>,
  given: string,
): Promise<{ found: readonly Found[]; problems: readonly Problem[] }> {
  const prefix = canonicalPrefix(given)
  if (prefix === '') {
    throw usage(
      'The prefix is empty: that would be every secret of the store.',
      'Name what is meant, for example shop/dev/api. A copy of the whole store is `coffer backup`.',
    )
  }
  const coffer = await session.coffer()
  const found: Found[] = []
  const problems: Problem[] = []
  let cursor: string | undefined
  do {
    const query = { prefix, cursor }
    const page = await session.guarded(() => coffer.readBelow(query))
    for (const { path, answer } of page.items) {
      if ('error' in answer) problems.push({ subject: path, error: answer.error })
      else if (answer.value === undefined) problems.push({ subject: path, error: noCurrent() })
      else found.push({ relative: relativeTo(prefix, path), version: answer.value })
    }
    cursor = page.cursor
  } while (cursor !== undefined)
  if (found.length + problems.length > 0) return { found, problems }
  throw new CofferError(
    'not_found',
    `There is no secret below ${prefix} that may be listed here.`,
    {
      remedy:
        'Check the spelling with `coffer list`. What is found by its prefix needs the action list beside read: see `coffer policy test --action list`.',
    },
  )
}

/** All records below a prefix, page by page. */
export async function* recordsBelow(
  coffer: Coffer,
  prefix: string,
  query: Pick<ListQuery, 'deleted' | 'where'> = {},
): AsyncGenerator<SecretRecord> {
  let cursor: string | undefined
  do {
    const page = await coffer.list({ ...query, prefix, cursor, limit: LIMITS.pageSizeMax })
    yield* page.items
    cursor = page.cursor
  } while (cursor !== undefined)
}

const relativeTo = (prefix: string, path: string): string =>
  prefix === ''
    ? path
    : path === prefix
      ? path.slice(path.lastIndexOf('/') + 1)
      : path.slice(prefix.length + 1)

const noCurrent = () => new CofferError('not_found', 'It has no current version.')
