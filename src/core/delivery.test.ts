import { expect, test } from 'vitest'
import { refusal } from '../testing/refusal.ts'
import { checkDestination, deliveredElsewhere } from './delivery.ts'
import { LIMITS } from './limits.ts'

test.each([
  'vercel:prj_1/production',
  'github:acme/shop',
  'github:acme/shop/PROD east',
  'dotenv:out.env',
  `dotenv:${'d'.repeat(LIMITS.pathBytesMax - 7)}`,
])('%s is a destination', (id) => {
  expect(checkDestination(id)).toBe(id)
})

test.each([
  '',
  'vercel',
  'vercel:',
  '/vercel:a',
  'Vercel:a',
  'vercel:a//b',
  'vercel:a/../b',
  'vercel:a/',
  'vercel:a\nb',
  'policy:a',
  `dotenv:${'d'.repeat(LIMITS.pathBytesMax - 6)}`,
  7 as unknown as string,
])('%j is none', (id) => {
  expect(refusal(() => checkDestination(id)).code).toBe('invalid_argument')
})

const PATH = 'shop/prod/api/key'

test.each([
  ['aws:/shop/prod/api/key', [PATH]],
  ['aws:shop/prod/api/key#field', [PATH]],
  ['vault:shop/prod/api/key?version=2', [PATH]],
  ['aws:/shop/prod/api/other', [PATH, 'aws:shop/prod/api/other']],
  ['env:TOKEN', [PATH, 'env:TOKEN']],
  ['aws:arn:aws:secretsmanager:eu:1:secret:x', [PATH, 'aws:arn:aws:secretsmanager:eu:1:secret:x']],
  [
    'azure:https://kv.vault.azure.net/secrets/x',
    [PATH, 'azure:https:/kv.vault.azure.net/secrets/x'],
  ],
])('to deliver %s takes leave for %j', (reference, resources) => {
  expect(deliveredElsewhere(PATH, reference)).toEqual(resources)
})

test.each([
  '',
  'key',
  'env:',
  'aws:/',
  'file:a/../x',
  'policy:x',
  `env:x#${'y'.repeat(LIMITS.referenceCharsMax)}`,
])('%j is no reference to another provider', (reference) => {
  expect(refusal(() => deliveredElsewhere(PATH, reference)).code).toBe('invalid_reference')
})
