import { createSecretKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { deriveKey } from '../../crypto/derive.ts'
import type { EngineContext } from '../context.ts'
import { presentAccessKey } from './access-key.ts'
import { hashOf } from './made.ts'
import { secretIdHash } from './secret-id-admin.ts'

/** docs/formats/credential.md. Never edited: a store that was written must stay readable. */
const vectors = JSON.parse(
  readFileSync(new URL('../../../docs/formats/vectors/credential.json', import.meta.url), 'utf8'),
)
const { storeId } = vectors
const keyOf = (hex: string) => createSecretKey(Buffer.from(hex, 'hex'))
const credentialKey = keyOf(vectors.credentialKey)
const secretIdKey = keyOf(vectors.secretIdKey)

/** As much of the engine as is asked for. */
const contextWith = (row: object) =>
  ({
    keys: { keyring: { storeId, credentialKey, secretIdKey } },
    clock: () => 1,
    credentials: () => row,
  }) as unknown as EngineContext

test('the keys are derived from the base of the keyring', () => {
  const base = keyOf(vectors.base)
  const derived = (purpose: string) => deriveKey(base, storeId, purpose)
  expect(derived('coffer/v1/credential').equals(credentialKey)).toBe(true)
  expect(derived('coffer/v1/secret-id').equals(secretIdKey)).toBe(true)
})

test('tokens and secret ids are found by the hashes of the format', () => {
  expect(hashOf(vectors.token.text)).toBe(vectors.token.hash)
  const { mount, role, secretId, keyed } = vectors.secretId
  expect(secretIdHash(contextWith({}), mount, role, secretId)).toBe(keyed)
})

test('the secret of an access key opens for its id, and for no other', async () => {
  const { id, secret, sealed } = vectors.accessKey
  const context = contextWith({ sealed, record: { actor: `access-key:${id}`, disabled: false } })
  const shown = await presentAccessKey(context, id)
  expect(shown?.secretAccessKey.reveal()).toBe(secret)
  const another = await presentAccessKey(context, 'AKIAAAAAAAAAAAAAAAAA')
  expect(() => another?.secretAccessKey).toThrow(expect.objectContaining({ code: 'corrupt' }))
})
