import type {
  AccessKeyRecord,
  AppRole,
  SecretIdRecord,
  TokenRecord,
} from '../../core/ports/identities.ts'
import type { EngineContext } from '../context.ts'
import { refuseOlder } from '../witness.ts'

/** How credentials are named among the heads of kind `credential`, and what is in them. */
export const ROWS = {
  token: (hash: string) => `token/${hash}`,
  accessor: (accessor: string) => `accessor/${accessor}`,
  accessKey: (id: string) => `access-key/${id}`,
  appRole: (mount: string, name: string) => `approle/${flat(mount)}/${name}`,
  roleId: (mount: string, hash: string) => `role-id/${flat(mount)}/${hash}`,
  secretId: (mount: string, role: string, hash: string) =>
    `secret-id/${flat(mount)}/${role}/${hash}`,
  secretIdAccessor: (mount: string, role: string, accessor: string) =>
    `secret-id-accessor/${flat(mount)}/${role}/${accessor}`,
  jwtIssuer: (mount: string) => `jwt/${flat(mount)}`,
  jwtRole: (mount: string, name: string) => `jwt-role/${flat(mount)}/${name}`,
} as const

/** A mount may have several segments; in a row's name it is one. */
const flat = (mount: string): string => mount.replaceAll('/', ':')

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

export interface AccessKeyRow {
  readonly record: AccessKeyRecord
  /** The secret access key, encrypted, base64url. */
  readonly sealed: string
}

export interface AppRoleRow {
  readonly role: AppRole
  /** Tells it from an earlier role of the same name, whose secret ids are not its. */
  readonly born: string
}

/** What a role id leads to. */
export interface RoleIdRow {
  readonly role: string
}

export interface SecretIdRow {
  readonly record: SecretIdRecord
  readonly mount: string
  readonly role: string
  readonly born: string
}

/** Finds a row by its name, in a transaction or outside of one. */
export type Find = <T>(name: string) => T | undefined | Promise<T | undefined>

/**
 * Rows as they are now, each in one query of its own; nothing is believed for longer. A row that was
 * verified before is recognised by its MAC and not parsed again.
 */
export function createFind(context: Pick<EngineContext, 'store' | 'heads' | 'witness'>): Find {
  const remembered = new Map<string, { head: Uint8Array; readonly body: unknown }>()

  function bodyOf<T>(name: string, head: Uint8Array): T {
    const known = remembered.get(name)
    // A store may hand out the very same bytes again.
    if (known?.head === head) return known.body as T
    if (known !== undefined && Buffer.compare(macOf(known.head), macOf(head)) === 0) {
      known.head = head
      return known.body as T
    }
    const { body } = context.heads.named<T>('credential', name, head)
    if (remembered.size >= REMEMBERED_MAX) {
      for (const oldest of remembered.keys()) {
        remembered.delete(oldest)
        break
      }
    }
    remembered.set(name, { head, body })
    return body
  }

  return <T>(name: string) => {
    const known = context.witness.known()
    const bodyIn = ({ generation, head }: { generation: number; head?: Uint8Array }) => {
      refuseOlder(generation, known)
      return head === undefined ? undefined : bodyOf<T>(name, head)
    }
    const answer = context.store.head('credential', name, known)
    return answer instanceof Promise ? answer.then(bodyIn) : bodyIn(answer)
  }
}

const macOf = (head: Uint8Array): Uint8Array => head.subarray(0, MAC_BYTES)
const MAC_BYTES = 32
const REMEMBERED_MAX = 16_384
