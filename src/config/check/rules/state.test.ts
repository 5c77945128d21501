import { expect, test } from 'vitest'
import { CofferError } from '../../../core/errors.ts'
import type { Facts, SecretFacts } from '../facts.ts'
import { state } from './state.ts'

const remedyFor = async (provider: string, error: CofferError) => {
  const secret = {
    declared: { name: 'api/key', optional: false },
    environment: 'prod',
    ref: { provider, key: 'shop/prod/api/key' },
    isOwn: provider === 'coffer',
    path: 'shop/prod/api/key',
    answer: { kind: 'error', error },
    readers: [],
  } as unknown as SecretFacts
  const [found] = await state.find({ secrets: [secret], now: 0 } as unknown as Facts)
  return found?.remedy
}

test('how to bring a secret back is said by who has it', async () => {
  const plain = new CofferError('deleted', 'It is gone.')
  const told = new CofferError('deleted', 'It is gone.', { remedy: 'Run `az … recover`.' })
  expect(await remedyFor('coffer', plain)).toBe('coffer undelete api/key --env prod')
  expect(await remedyFor('azure', told)).toBe('Run `az … recover`.')
  expect(await remedyFor('azure', plain)).toBe(
    'Put it where the provider "azure" looks, or correct the manifest.',
  )
})
