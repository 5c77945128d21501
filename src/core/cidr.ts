import { CofferError } from './errors.ts'

/** A block of addresses: 4 bytes for IPv4, 16 for IPv6, and how many bits of them count. */
export interface Cidr {
  readonly bytes: Uint8Array
  readonly bits: number
}

/**
 * `10.0.0.0/8`, `2001:db8::/32`, or a single address. IPv4-mapped IPv6 is IPv4. Bits after the
 * prefix are ignored.
 * @throws CofferError `invalid_argument`
 */
export function parseCidr(text: string): Cidr {
  const found = typeof text === 'string' ? BLOCK.exec(text) : null
  const raw = found === null ? undefined : rawAddress(found[1] ?? '')
  if (raw === undefined) throw refuse()
  const bits = found?.[2] === undefined ? raw.length * 8 : Number(found[2])
  if (bits > raw.length * 8) throw refuse()
  if (!isMapped(raw) || bits < MAPPED_BITS) return { bytes: raw, bits }
  return { bytes: raw.subarray(12), bits: bits - MAPPED_BITS }
}

/** Whether an address is in one of the blocks. What is no address is in none. */
export function isWithin(address: string, cidrs: readonly string[]): boolean {
  const bytes = parseAddress(address)
  return bytes !== undefined && cidrs.some((cidr) => contains(parseCidr(cidr), bytes))
}

/** Whether all of a block is in one of the others. @throws `invalid_argument` */
export function isBlockWithin(block: string, cidrs: readonly string[]): boolean {
  const { bytes, bits } = parseCidr(block)
  return cidrs.some((cidr) => {
    const outer = parseCidr(cidr)
    return outer.bits <= bits && contains(outer, bytes)
  })
}

/** 4 or 16 bytes; a zone (`%eth0`) is ignored. Absent: it is no address. */
export function parseAddress(text: string): Uint8Array | undefined {
  const raw = rawAddress(text.replace(ZONE, ''))
  return raw !== undefined && isMapped(raw) ? raw.subarray(12) : raw
}

function contains({ bytes, bits }: Cidr, address: Uint8Array): boolean {
  if (bytes.length !== address.length) return false
  const whole = bits >> 3
  for (let i = 0; i < whole; i++) if (bytes[i] !== address[i]) return false
  const rest = bits & 7
  return rest === 0 || (((bytes[whole] ?? 0) ^ (address[whole] ?? 0)) & (0xff << (8 - rest))) === 0
}

const BLOCK = /^([0-9A-Fa-f:.]{2,45})(?:\/(0|[1-9][0-9]{0,2}))?$/
const ZONE = /%[0-9A-Za-z._-]{1,32}$/
const OCTET = /^(?:0|[1-9][0-9]{0,2})$/
const GROUP = /^[0-9A-Fa-f]{1,4}$/
const MAPPED_BITS = 96

const isMapped = (bytes: Uint8Array): boolean =>
  bytes.length === 16 && bytes.every((byte, i) => i > 11 || byte === (i < 10 ? 0 : 0xff))

const rawAddress = (text: string): Uint8Array | undefined =>
  text.includes(':') ? ipv6(text) : ipv4(text)

function ipv4(text: string): Uint8Array | undefined {
  const octets = text.split('.')
  if (octets.length !== 4 || !octets.every((o) => OCTET.test(o) && Number(o) < 256)) {
    return undefined
  }
  return Uint8Array.from(octets, Number)
}

/** RFC 4291, 2.2: `::` once, for at least one group; the last 32 bits may be written as IPv4. */
function ipv6(text: string): Uint8Array | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = groupsOf(halves[0] ?? '', halves.length === 1)
  const tail = groupsOf(halves[1] ?? '', true)
  if (head === undefined || tail === undefined) return undefined
  const missing = 16 - head.length - tail.length
  if (halves.length === 2 ? missing < 2 : missing !== 0) return undefined
  return Uint8Array.from([...head, ...Array<number>(missing).fill(0), ...tail])
}

function groupsOf(half: string, isLast: boolean): number[] | undefined {
  if (half === '') return []
  const groups = half.split(':')
  const bytes: number[] = []
  for (const [i, group] of groups.entries()) {
    if (isLast && i === groups.length - 1 && group.includes('.')) {
      const last = ipv4(group)
      if (last === undefined) return undefined
      bytes.push(...last)
    } else {
      if (!GROUP.test(group)) return undefined
      const value = Number.parseInt(group, 16)
      bytes.push(value >> 8, value & 0xff)
    }
  }
  return bytes
}

const refuse = () =>
  new CofferError('invalid_argument', 'An address block is written 10.0.0.0/8 or 2001:db8::/32.')
