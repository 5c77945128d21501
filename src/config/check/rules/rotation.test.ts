import { expect, test } from 'vitest'
import type { Facts, SecretFacts } from '../facts.ts'
import { rotation } from './rotation.ts'

const DAY_MS = 86_400_000
const found = async (days: number | undefined, about: Partial<SecretFacts> = {}) => {
  const createdAt = days === undefined ? undefined : -days * DAY_MS
  const secret = {
    declared: { name: 'api/key', rotateEveryDays: 90, rotatesItself: false },
    environment: 'prod',
    ref: { provider: 'aws', key: '/shop/prod/api/key' },
    isOwn: false,
    path: 'aws:/shop/prod/api/key',
    answer: { kind: 'value', createdAt },
    readers: [],
    ...about,
  } as unknown as SecretFacts
  return [...(await rotation.find({ secrets: [secret], now: 0 } as unknown as Facts))]
}

test('what another provider keeps is overdue as well, where that tells its age', async () => {
  expect(await found(89.9)).toEqual([])
  expect(await found(90)).toMatchObject([
    { code: 'rotation_due', severity: 'error', path: 'aws:/shop/prod/api/key' },
  ])
  expect((await found(90))[0]?.remedy).toContain('at aws:/shop/prod/api/key')
  expect(await found(undefined)).toEqual([])
  const own = { ref: { provider: 'coffer', key: 'shop/prod/api/key' }, isOwn: true }
  expect((await found(90, own as Partial<SecretFacts>))[0]?.remedy).toBe(
    'coffer set api/key --env prod',
  )
  const pinned = { provider: 'aws', key: '/shop/prod/api/key', version: 3 }
  expect(await found(400, { ref: pinned })).toEqual([])
})
