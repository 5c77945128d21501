import { randomBytes } from 'node:crypto'
import { CofferError, isCofferError } from '../../../core/errors.ts'
import { LIMITS } from '../../../core/limits.ts'
import type { DestinationEntry, PutChange } from '../../../core/ports/destination.ts'
import type { Rest } from '../../net/rest.ts'
import { textValue } from '../text-value.ts'
import type { GitHubPlace } from './place.ts'
import { sealBox } from './sealed-box.ts'

/** The Actions secrets of one place, as GitHub's REST API has them (version 2022-11-28). */
export interface GitHubSecrets {
  list(signal: AbortSignal): Promise<Map<string, DestinationEntry>>
  /** GitHub's clock, to the second as the times of its secrets; undefined: it does not say. */
  now(signal: AbortSignal): Promise<number | undefined>
  /** Encrypts for the place; its key is asked for once. */
  seal(signal: AbortSignal): Promise<(change: PutChange) => SealedSecret>
  /** Makes it or writes over it; GitHub has no condition to give. */
  put(change: PutChange, sealed: SealedSecret, signal: AbortSignal): Promise<void>
  /** It is not there afterwards. */
  remove(name: string, signal: AbortSignal): Promise<void>
}

interface SealedSecret {
  readonly encrypted_value: string
  readonly key_id: string
  readonly visibility?: string
  readonly selected_repository_ids?: readonly number[]
}

export function githubSecrets(
  rest: Rest,
  { name: place, path, shared }: GitHubPlace,
): GitHubSecrets {
  return {
    async list(signal) {
      const found = new Map<string, DestinationEntry>()
      const what = `to list the secrets of ${place}`
      for (let page = 1; page <= LIMITS.restPagesMax; page++) {
        const query = { per_page: String(PAGE), page: String(page) }
        const call = { method: 'GET', path, query, repeatable: true, what, signal } as const
        const secrets = entriesOf((await rest(call)).document)
        for (const entry of secrets) found.set(entry.name, entry)
        if (secrets.length < PAGE) return found
      }
      throw corrupt()
    },
    async now(signal) {
      const what = `to list the secrets of ${place}`
      const query = { per_page: '1' }
      return (await rest({ method: 'GET', path, query, repeatable: true, what, signal })).at
    },
    async seal(signal) {
      const what = `to encrypt for ${place}`
      const call = { method: 'GET', repeatable: true, what, signal } as const
      const { document } = await rest({ ...call, path: `${path}/public-key` })
      const { key_id, key } = (document ?? {}) as Record<string, unknown>
      if (typeof key_id !== 'string' || typeof key !== 'string') throw corrupt()
      const publicKey = new Uint8Array(Buffer.from(key, 'base64'))
      if (!takesBoxes(publicKey)) throw corrupt()
      const facts = shared === undefined ? {} : await visibilityOf(shared)
      return (change) => {
        const message = Buffer.from(textValue(change))
        const box = sealBox(message, publicKey, new Uint8Array(randomBytes(32)))
        message.fill(0)
        return { encrypted_value: Buffer.from(box).toString('base64'), key_id, ...facts }
      }

      async function visibilityOf({ organization, visibility, repositories }: Shared) {
        const ids: number[] = []
        for (const repo of repositories) {
          const answer = await rest({ ...call, path: `/repos/${organization}/${repo}` })
          const { id } = (answer.document ?? {}) as { id?: unknown }
          if (typeof id !== 'number') throw corrupt()
          ids.push(id)
        }
        return visibility === 'selected'
          ? { visibility, selected_repository_ids: ids }
          : { visibility }
      }
    },
    async put({ name }, sealed, signal) {
      const what = `to write ${name} of ${place}`
      const call = { method: 'PUT', body: sealed, repeatable: true, what, signal } as const
      await rest({ ...call, path: `${path}/${name}` })
    },
    async remove(name, signal) {
      const what = `to remove ${name} of ${place}`
      const call = { method: 'DELETE', repeatable: true, what, signal } as const
      try {
        await rest({ ...call, path: `${path}/${name}` })
      } catch (error) {
        // The place was listed just before: it is this secret that is not there.
        if (!isCofferError(error, 'not_found')) throw error
      }
    },
  }
}

type Shared = NonNullable<GitHubPlace['shared']>

/** Tried before anything is sent: a key of low order is none. */
function takesBoxes(publicKey: Uint8Array): boolean {
  try {
    return sealBox(new Uint8Array(), publicKey, new Uint8Array(randomBytes(32))).length === 48
  } catch {
    return false
  }
}

/** As many as GitHub gives at once. */
const PAGE = 100

function entriesOf(document: unknown): DestinationEntry[] {
  const secrets = (document as { secrets?: unknown } | undefined)?.secrets
  if (!Array.isArray(secrets)) throw corrupt()
  return secrets.map((secret: Record<string, unknown> | null) => {
    const { name, created_at, updated_at } = secret ?? {}
    if (typeof name !== 'string' || typeof updated_at !== 'string') throw corrupt()
    const [createdAt, updatedAt] = [Date.parse(String(created_at)), Date.parse(updated_at)]
    return {
      name,
      revision: updated_at,
      createdAt: Number.isNaN(createdAt) ? undefined : createdAt,
      updatedAt: Number.isNaN(updatedAt) ? undefined : updatedAt,
    }
  })
}

const corrupt = () =>
  new CofferError('corrupt', 'GitHub answered with something else than its API describes.', {
    remedy: 'Does GITHUB_API_URL lead to the API of GitHub?',
  })
