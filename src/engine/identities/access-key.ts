import { LIMITS } from '../../core/limits.ts'
import type { Identities, Session } from '../../core/ports/identities.ts'
import { decodeText, Secret } from '../../core/secret.ts'
import { openAead, sealAead } from '../../crypto/aead.ts'
import { associatedData } from '../../crypto/framing.ts'
import type { EngineContext } from '../context.ts'
import { ROWS } from './rows.ts'
import type { AccessKeyRow } from './rows.ts'

/**
 * Whom an access key stands for, and what signatures with it are checked with; without a promise where
 * nothing has to be waited for.
 */
export function presentAccessKey(
  context: EngineContext,
  id: string,
): ReturnType<Identities['accessKey']> {
  if (typeof id !== 'string' || id.length > LIMITS.bearerCharsMax) return undefined
  const present = (row: AccessKeyRow | undefined) => {
    if (row === undefined) return undefined
    const { disabled, expiresAt } = row.record
    if (disabled || (expiresAt !== undefined && expiresAt <= context.clock())) return undefined
    return new PresentedKey(context, id, row)
  }
  const row = context.credentials<AccessKeyRow>(ROWS.accessKey(id))
  return row instanceof Promise ? row.then(present) : present(row)
}

class PresentedKey {
  readonly session: Session
  readonly #context: EngineContext
  readonly #id: string
  readonly #sealed: string

  constructor(context: EngineContext, id: string, { record, sealed }: AccessKeyRow) {
    this.session = { actor: record.actor, grants: record.grants }
    this.#context = context
    this.#id = id
    this.#sealed = sealed
  }

  /** Opened by whoever asks for it: who holds a key that was derived from it need not. */
  get secretAccessKey(): Secret<string> {
    return openAccessKey(this.#context, this.#id, this.#sealed)
  }
}

function openAccessKey({ keys }: EngineContext, id: string, text: string): Secret<string> {
  const { credentialKey, storeId } = keys.keyring
  const bytes = openAead(credentialKey, Buffer.from(text, 'base64url'), bindingOf(storeId, id))
  return new Secret({ name: `access-key:${id}`, bytes, decode: decodeText })
}

/** The secret access key as it is kept: bound to this store and this id. */
export function sealAccessKey(
  { keys, random }: EngineContext,
  id: string,
  secretAccessKey: string,
): string {
  const { credentialKey, storeId } = keys.keyring
  const plain = Buffer.from(secretAccessKey)
  const sealed = sealAead(credentialKey, plain, bindingOf(storeId, id), random)
  plain.fill(0)
  return Buffer.from(sealed).toString('base64url')
}

const bindingOf = (storeId: string, id: string) =>
  associatedData('coffer/v1/access-key', storeId, id)
