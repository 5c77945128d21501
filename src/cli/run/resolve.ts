import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { canonicalPrefix } from '../../core/path.ts'
import type { Coffer, ListQuery, SecretVersion } from '../../core/ports/coffer.ts'
import type { SecretRecord } from '../../core/record.ts'
import type { Problem } from '../failure.ts'

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
  coffer: Coffer,
  given: string,
): Promise<{ found: readonly Found[]; problems: readonly Problem[] }> {
  const prefix = canonicalPrefix(given)
  const paths = await pathsBelow(coffer, prefix)
  if (paths.length === 0) {
    throw new CofferError(
      'not_found',
      `There is no secret below ${prefix === '' ? 'the root' : prefix}.`,
    )
  }
  const found: Found[] = []
  const problems: Problem[] = []
  for (let at = 0; at < paths.length; at += LIMITS.batchMax) {
    const batch = paths.slice(at, at + LIMITS.batchMax)
    const answers = await coffer.readMany(batch.map((path) => ({ path })))
    answers.forEach((answer, i) => {
      const path = batch[i] as string
      if ('error' in answer) problems.push({ subject: path, error: answer.error })
      else if (answer.value === undefined) problems.push({ subject: path, error: noCurrent() })
      else found.push({ relative: relativeTo(prefix, path), version: answer.value })
    })
  }
  return { found, problems }
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

async function pathsBelow(coffer: Coffer, prefix: string): Promise<string[]> {
  const paths: string[] = []
  for await (const record of recordsBelow(coffer, prefix)) paths.push(record.path)
  return paths
}

const relativeTo = (prefix: string, path: string): string =>
  prefix === ''
    ? path
    : path === prefix
      ? path.slice(path.lastIndexOf('/') + 1)
      : path.slice(prefix.length + 1)

const noCurrent = () => new CofferError('not_found', 'It has no current version.')
