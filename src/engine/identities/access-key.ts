import { LIMITS } from '../../core/limits.ts'
import type { Session } from '../../core/ports/identities.ts'
import { decodeText, Secret } from '../../core/secret.ts'
import { openAead, sealAead } from '../../crypto/aead.ts'
import { associatedData } from '../../crypto/framing.ts'
import type { EngineContext } from '../context.ts'
import { ROWS } from './rows.ts'
import type { AccessKeyRow } from './rows.ts'

/** Whom an access key stands for, and what signatures with it are checked with. */
export async function presentAccessKey(
  context: EngineContext,
  id: string,
): Promise<{ session: Session; secretAccessKey: Secret<string> } | undefined> {
  if (typeof id !== 'string' || id.length > LIMITS.bearerCharsMax) return undefined
  const row = await context.credentials<AccessKeyRow>(ROWS.accessKey(id))
  if (row === undefined) return undefined
  const { actor, grants, disabled, expiresAt } = row.record
  if (disabled || (expiresAt !== undefined && expiresAt <= context.clock())) return undefined
  const session = { actor, grants }
  return {
    session,
    // Opened by whoever asks for it: who holds a key that was derived from it need not.
    get secretAccessKey() {
      return openAccessKey(context, id, row.sealed)
    },
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
