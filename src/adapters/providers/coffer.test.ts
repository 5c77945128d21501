import { describe, expect, test } from 'vitest'
import { CofferError } from '../../core/errors.ts'
import type { Coffer, ReadAnswer, ReadRef } from '../../core/ports/coffer.ts'
import { textSecret } from '../../core/secret.ts'
import { providerContract } from '../../testing/provider-contract.ts'
import { coffer } from './coffer.ts'

providerContract('coffer', () => {
  const place = fakeCoffer()
  return { ...place, provider: coffer({ coffer: place.coffer, env: {}, options: {} }) }
})

test('label and version are passed on; version and recorded variable name come back', async () => {
  const { coffer: fake, held, asked } = fakeCoffer()
  held.set('shop/a', 'value')
  const { signal } = new AbortController()
  const refs = [
    { provider: 'coffer', key: 'shop/a', label: 'previous' },
    { provider: 'coffer', key: 'shop/a', version: 3 },
  ]
  const answers = await coffer({ coffer: fake, env: {}, options: {} }).resolve(refs, signal)
  expect(asked).toEqual([
    { path: 'shop/a', label: 'previous', version: undefined },
    { path: 'shop/a', label: undefined, version: 3 },
  ])
  expect(answers[0]).toMatchObject({ value: { version: 1, envName: 'SHOP_A' } })
})

describe('opened when it is needed', () => {
  providerContract('coffer', () => {
    const place = fakeCoffer()
    const open = async () => place.coffer
    return { ...place, provider: coffer({ coffer: open, env: {}, options: {} }) }
  })

  test('it is opened once, when something is asked, and closed by whoever gave it', async () => {
    let opened = 0
    const open = async () => (opened++, fakeCoffer().coffer)
    const { signal } = new AbortController()
    const provider = coffer({ coffer: open, env: {}, options: {} })
    expect(opened).toBe(0)
    await provider.resolve([{ provider: 'coffer', key: 'a' }], signal)
    await provider.resolve([{ provider: 'coffer', key: 'a' }], signal)
    await provider.close?.()
    expect(opened).toBe(1)
  })

  test('one that cannot be opened is an error for each reference', async () => {
    const open = () => Promise.reject(new CofferError('store_missing', 'There is none.'))
    const { signal } = new AbortController()
    const refs = [{ provider: 'coffer', key: 'a' }]
    const answers = await coffer({ coffer: open, env: {}, options: {} }).resolve(refs, signal)
    expect(answers).toMatchObject([{ error: { code: 'store_missing' } }])
  })
})

/** The few methods a provider uses. */
function fakeCoffer() {
  const held = new Map<string, string>()
  const denied = new Set<string>()
  const watching = new Map<string, Set<() => void>>()
  const asked: ReadRef[] = []
  let broken = false
  const tell = (path: string) => watching.get(path)?.forEach((changed) => changed())
  const answer = (path: string): ReadAnswer => {
    const text = held.get(path)
    if (denied.has(path)) return { error: new CofferError('denied', `You may not read ${path}.`) }
    if (text === undefined) return { value: undefined }
    const secret = textSecret(path, text, 1) as never
    const record = { path, id: '0'.repeat(32), version: 1, labels: ['current'], createdAt: 0 }
    return {
      value: { ...record, encoding: 'text', type: { name: 'string' }, envName: 'SHOP_A', secret },
    }
  }
  const fake = {
    async readMany(refs: readonly ReadRef[]) {
      if (broken) throw new CofferError('store_unavailable', 'The disk is gone.')
      asked.push(...refs)
      return refs.map(({ path }) => answer(path))
    },
    watch(path: string, changed: () => void) {
      watching.set(path, (watching.get(path) ?? new Set()).add(changed))
      return () => watching.get(path)?.delete(changed)
    },
  }
  return {
    coffer: fake as unknown as Coffer,
    held,
    asked,
    key: (word: string) => `shop/dev/api/${word}`,
    put(key: string, text: string) {
      held.set(key, text)
      tell(key)
    },
    remove: (key: string) => void held.delete(key),
    deny: (key: string) => void denied.add(key),
    breakDown: () => void (broken = true),
  }
}

test('what could not be opened is told for each reference, and leaves nothing to close', async () => {
  const refused = new CofferError('unavailable', 'There is no store.')
  const provider = coffer({
    env: {},
    options: {},
    coffer: async () => {
      throw refused
    },
  })
  const refs = ['a', 'b'].map((key) => ({ provider: 'coffer', key }))
  const answers = await provider.resolve(refs, new AbortController().signal)
  expect(answers).toEqual([{ error: refused }, { error: refused }])
  await provider.close?.()
})
