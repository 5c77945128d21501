import { isIP, isIPv4 } from 'node:net'
import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { sequence, tagged } from './der.ts'

/** A DNS label; the first one of a name may be `*`. */
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/
const NAME_CHARS_MAX = 253

/**
 * What a server may be called by: canonical, sorted, each once. Names may have a first label `*`.
 * @throws CofferError `invalid_argument` for what is neither a DNS name nor an address;
 * `limit_exceeded` for more than `tlsNamesMax`
 */
export function serverNames(given: readonly string[]): string[] {
  const names = [...new Set(given.map(canonicalName))].toSorted()
  if (names.length <= LIMITS.tlsNamesMax) return names
  throw new CofferError('limit_exceeded', `A certificate has at most ${LIMITS.tlsNamesMax} names.`)
}

/** GeneralNames (RFC 5280, 4.2.1.6). */
export const subjectAltNames = (names: readonly string[]): Buffer =>
  sequence(
    ...names.map((name) =>
      isIP(name) === 0
        ? tagged(2, Buffer.from(name, 'latin1'), false)
        : tagged(7, addressBytes(name), false),
    ),
  )

function canonicalName(given: string): string {
  const name = given.toLowerCase().replace(/^\[(.*)\]$/, '$1')
  if (isIPv4(name)) return name
  if (isIP(name) !== 0 && !name.includes('%')) return canonicalIpv6(name)
  const labels = name.replace(/\.$/, '').split('.')
  const checked = labels.length > 1 && labels[0] === '*' ? labels.slice(1) : labels
  if (name.length <= NAME_CHARS_MAX && checked.every((label) => LABEL.test(label))) {
    return labels.join('.')
  }
  throw new CofferError('invalid_argument', 'A name of the server is no DNS name and no address.', {
    remedy: 'Write --tls-name as vault.example.com, *.example.com or 10.0.0.5.',
  })
}

const canonicalIpv6 = (address: string): string =>
  new URL(`http://[${address}]`).hostname.slice(1, -1)

/** 4 or 16 bytes of a canonical address. */
function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number))
  const [head = '', tail] = address.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  const [first, last] = [groups(head), groups(tail ?? '')]
  const zeros = Array<string>(8 - first.length - last.length).fill('0')
  const bytes = Buffer.alloc(16)
  const all = [...first, ...zeros, ...last]
  all.forEach((group, i) => bytes.writeUInt16BE(parseInt(group, 16), 2 * i))
  return bytes
}
