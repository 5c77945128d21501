import type {
  ApplyAnswer,
  DeliveryContext,
  Destination,
  DestinationChange,
  DestinationEntry,
} from '../../core/ports/destination.ts'
import { createRest } from '../net/rest.ts'
import type { RestService } from '../net/rest.ts'
import { restBase, restToken } from '../net/rest-base.ts'
import { several } from '../net/several.ts'
import { untilThrottled } from './attempt.ts'
import type { DestinationContext } from './context.ts'
import { githubSecrets } from './github/secrets.ts'
import type { GitHubSecrets } from './github/secrets.ts'
import { placeOf } from './github/place.ts'
import { judge } from './judge.ts'

/**
 * GitHub Actions secrets of a repository, an environment or an organization. Nobody reads them back,
 * and they hold no mark: what is known of them is when they were last written, to the second.
 *
 * Token: GITHUB_TOKEN, GH_TOKEN. GitHub Enterprise Server: GITHUB_API_URL, as in a workflow, never an
 * option; its host is then part of the id.
 */
export function github(context: DestinationContext): Destination {
  const place = placeOf(context)
  const { base, host } = restBase('https://api.github.com', 'GITHUB_API_URL', context.env)
  const token = () => restToken('GitHub', ['GITHUB_TOKEN', 'GH_TOKEN'], context.env)
  const secrets = githubSecrets(createRest({ ...serviceOf(base, place.rights), token }), place)
  const id = `github:${host === undefined ? '' : `${host}/`}${place.name}`
  return {
    kind: 'github',
    id,
    audience: place.audience && `${id}/${place.audience}`,
    readable: false,
    batchMax: 100,
    limits: {
      name: NAME,
      valueBytesMax: 49_152,
      entriesMax: place.entriesMax,
      textOnly: true,
    },
    list: async ({ signal }) => [...(await secrets.list(signal)).values()],
    now: ({ signal }) => secrets.now(signal),
    apply: (delivery, changes) => applyAll(secrets, delivery, changes),
  }
}

/** Changes of one call that are under way at once; GitHub asks not to be hurried. */
const WIDTH = 2

const NAME = {
  pattern: /^(?!GITHUB_)[A-Z_][A-Z0-9_]*$/,
  says: 'capital letters, digits and _, no digit and no GITHUB_ first',
  charsMax: 255,
} as const

const serviceOf = (base: string, rights: string): RestService => ({
  name: 'GitHub',
  base,
  credential: 'GITHUB_TOKEN',
  rights,
  headers: {
    accept: 'application/vnd.github+json',
    'x-github-api-version': '2022-11-28',
  },
  // A secondary limit may come without any header; GitHub asks for a minute then.
  meaning: (status, document) =>
    (status === 403 || status === 429) && SECONDARY.test(messageOf(document))
      ? { code: 'throttled', retryAfterMs: 60_000 }
      : undefined,
})

const SECONDARY = /secondary rate limit|abuse detection/i

const messageOf = (document: unknown): string => {
  const message = (document as { message?: unknown } | null | undefined)?.message
  return typeof message === 'string' ? message : ''
}

async function applyAll(
  secrets: GitHubSecrets,
  { signal }: DeliveryContext,
  changes: readonly DestinationChange[],
): Promise<ApplyAnswer[]> {
  if (changes.length === 0) return []
  try {
    const before = await secrets.list(signal)
    const isPut = changes.some(({ kind }) => kind === 'put')
    const seal = isPut ? await secrets.seal(signal) : undefined
    const attempt = untilThrottled(signal)
    const answers = await several(changes, WIDTH, (change) =>
      attempt(async () => {
        const judged = judge(change, before.get(change.name))
        if (judged !== undefined) return judged
        if (change.kind === 'remove') await secrets.remove(change.name, signal)
        else if (seal !== undefined) await secrets.put(change, seal(change), signal)
        return { done: true }
      }),
    )
    return answers.some(({ done }) => done) && isPut
      ? withRevisions(changes, answers, await after(secrets, signal))
      : answers
  } catch (error) {
    return changes.map(() => ({ done: false, error }))
  }
}

/** What was written is not to be called undone because it cannot be looked at. */
async function after(
  secrets: GitHubSecrets,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, DestinationEntry>> {
  return secrets.list(signal).catch(() => new Map())
}

const withRevisions = (
  changes: readonly DestinationChange[],
  answers: readonly ApplyAnswer[],
  now: ReadonlyMap<string, DestinationEntry>,
): ApplyAnswer[] =>
  answers.map((answer, i) => {
    const change = changes[i]
    const entry = change?.kind === 'put' && answer.done ? now.get(change.name) : undefined
    if (entry === undefined) return answer
    return { done: true, revision: entry.revision, updatedAt: entry.updatedAt }
  })
