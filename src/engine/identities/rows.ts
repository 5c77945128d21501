import type { TokenRecord } from '../../core/ports/identities.ts'
import type { EngineContext } from '../context.ts'
import { refuseOlder } from '../witness.ts'

/** How credentials are named among the heads of kind `credential`, and what is in them. */
export const ROWS = {
  token: (hash: string) => `token/${hash}`,
  accessor: (accessor: string) => `accessor/${accessor}`,
} as const

export interface TokenRow {
  readonly record: TokenRecord
  /** SHA-256 of the token that made it. */
  readonly parent?: string | undefined
  /** How many tokens are above it. */
  readonly depth: number
  /** Its last use was taken; it is still there for the request that took it. */
  readonly usedUp?: true | undefined
}

/** What an accessor leads to. */
export interface AccessorRow {
  readonly hash: string
}

/** Finds a row by its name, in a transaction or outside of one. */
export type Find = <T>(name: string) => T | undefined | Promise<T | undefined>

/**
 * Rows as they are now, each in one query of its own; nothing is believed for longer. A row that was
 * verified before is recognised by its MAC and not parsed again.
 */
export function createFind(context: EngineContext): Find {
  const remembered = new Map<string, { readonly mac: Uint8Array; readonly body: unknown }>()

  function bodyOf<T>(name: string, head: Uint8Array): T {
    const mac = head.subarray(0, MAC_BYTES)
    const known = remembered.get(name)
    if (known !== undefined && Buffer.compare(known.mac, mac) === 0) return known.body as T
    const { body } = context.heads.named<T>('credential', name, head)
    if (remembered.size >= REMEMBERED_MAX) {
      for (const oldest of remembered.keys()) {
        remembered.delete(oldest)
        break
      }
    }
    remembered.set(name, { mac: Uint8Array.from(mac), body })
    return body
  }

  return <T>(name: string) => {
    const known = context.witness.known()
    const bodyIn = ({ generation, head }: { generation: number; head?: Uint8Array }) => {
      refuseOlder(generation, known)
      return head === undefined ? undefined : bodyOf<T>(name, head)
    }
    const answer = context.store.head('credential', name)
    return answer instanceof Promise ? answer.then(bodyIn) : bodyIn(answer)
  }
}

const MAC_BYTES = 32
const REMEMBERED_MAX = 16_384
