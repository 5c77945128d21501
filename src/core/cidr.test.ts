import { isIPv4, isIPv6 } from 'node:net'
import { expect, test } from 'vitest'
import { refusal } from '../testing/refusal.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { isBlockWithin, isWithin, parseAddress, parseCidr } from './cidr.ts'

test('a block holds its addresses and no other', () => {
  const table: readonly (readonly [block: string, inside: string[], outside: string[]])[] = [
    ['10.0.0.0/8', ['10.0.0.0', '10.255.255.255'], ['9.255.255.255', '11.0.0.0', '::1']],
    ['192.168.1.128/25', ['192.168.1.128', '192.168.1.255'], ['192.168.1.127']],
    ['192.168.1.77/25', ['192.168.1.0', '192.168.1.127'], ['192.168.1.128']],
    ['0.0.0.0/0', ['0.0.0.0', '255.255.255.255'], ['::']],
    ['127.0.0.1', ['127.0.0.1', '::ffff:127.0.0.1', '::ffff:7f00:1'], ['127.0.0.2']],
    ['2001:db8::/32', ['2001:db8::', '2001:DB8:ffff::1'], ['2001:db9::', '32.1.13.184']],
    ['fe80::/10', ['fe80::1%eth0', 'febf::'], ['fec0::']],
    ['::/0', ['::1', 'ffff::'], ['1.2.3.4']],
    ['::ffff:10.0.0.0/104', ['10.1.2.3'], ['11.0.0.0']],
    ['::1/128', ['::1', '0:0:0:0:0:0:0:1', '::0.0.0.1'], ['::2']],
  ]
  for (const [block, inside, outside] of table) {
    for (const address of inside) expect(isWithin(address, [block]), address).toBe(true)
    for (const address of outside) expect(isWithin(address, [block]), address).toBe(false)
  }
  expect(isWithin('10.0.0.1', ['9.0.0.0/8', '10.0.0.0/8'])).toBe(true)
  expect(isWithin('10.0.0.1', [])).toBe(false)
})

test('what is no block is refused, and what is no address is in none', () => {
  const bad = [
    '',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.0/',
    '10.0.0/8',
    '10.0.0.256',
    '010.0.0.1',
    '1.2.3.4.5',
    '::/129',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7::8',
    '1.2.3.4::',
    '::g',
    '::1.2.3',
    'fe80::1%eth0/64',
    '10.0.0.0/8 ',
    'localhost',
  ]
  for (const text of bad) {
    expect(refusal(() => parseCidr(text)).code, text).toBe('invalid_argument')
    expect(isWithin(text, ['0.0.0.0/0', '::/0']), text).toBe(false)
  }
})

test('a block is within another when all of it is', () => {
  expect(isBlockWithin('10.1.0.0/16', ['10.0.0.0/8'])).toBe(true)
  expect(isBlockWithin('10.0.0.0/8', ['10.0.0.0/8'])).toBe(true)
  expect(isBlockWithin('10.0.0.0/7', ['10.0.0.0/8'])).toBe(false)
  expect(isBlockWithin('11.0.0.0/16', ['10.0.0.0/8'])).toBe(false)
  expect(isBlockWithin('2001:db8:1::/48', ['10.0.0.0/8', '2001:db8::/32'])).toBe(true)
  expect(isBlockWithin('10.0.0.0/8', ['::/0'])).toBe(false)
})

test('it takes for an address what Node takes for one', () => {
  const random = seededRandom('addresses')
  const pick = (from: string): string => from[(random(1)[0] ?? 0) % from.length] ?? ''
  let addresses = 0
  for (let i = 0; i < 20_000; i++) {
    const length = 1 + ((random(1)[0] ?? 0) % 14)
    const text = Array.from({ length }, () => pick(i % 2 ? '0123.45..' : ':::01af.2')).join('')
    const known = isIPv4(text) || isIPv6(text)
    if (known) addresses++
    expect(parseAddress(text) !== undefined, text).toBe(known)
  }
  expect(addresses).toBeGreaterThan(20)
})
