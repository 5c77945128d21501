import { expect, test } from 'vitest'
import { isCofferError } from '../core/errors.ts'
import { parseAddress } from './address.ts'

const refusal = (text: string, allowHttp?: boolean) => {
  try {
    parseAddress(text, { allowHttp })
  } catch (error) {
    if (isCofferError(error, 'invalid_argument')) return error.message + error.remedy
    throw error
  }
  return undefined
}

test('an address is taken apart once', () => {
  expect(parseAddress('https://Coffer.Example/')).toEqual({
    origin: 'https://coffer.example',
    secure: true,
    host: 'coffer.example',
    port: 443,
    base: '',
  })
  expect(parseAddress('http://[::1]:8200/coffer/')).toMatchObject({
    secure: false,
    host: '::1',
    port: 8200,
    base: '/coffer',
  })
})

test('plain HTTP stays on this machine unless it is allowed', () => {
  for (const host of ['localhost', '127.0.0.1', '127.8.9.1', '[::1]']) {
    expect(refusal(`http://${host}:8200`)).toBeUndefined()
  }
  const outside = ['coffer.example', '10.0.0.1', '127.evil.example', 'localhost.example', '[::2]']
  for (const host of outside) {
    expect(refusal(`http://${host}:8200`)).toMatch(/plain HTTP/)
    expect(refusal(`http://${host}:8200`, true)).toBeUndefined()
    expect(refusal(`https://${host}:8200`)).toBeUndefined()
  }
})

test('what is no address is refused, and no password in it is repeated', () => {
  const odd = ['', 'coffer.example:8200', '127.0.0.1:8200', 'ftp://x', 'https://', 'https://a?b=1']
  for (const text of [...odd, 'https://a/#b', 7 as never]) expect(refusal(text)).toMatch(/https:/)
  const message = refusal('https://user:CANARY@coffer.example')
  expect(message).toMatch(/no password/)
  expect(message).not.toContain('CANARY')
})
