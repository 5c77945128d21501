/**
 * What limits are kept by: an IPv4 address as it is, also when it comes mapped into IPv6; of an IPv6
 * address its /64, since whoever has one of those has all of them.
 */
export function addressKey(address: string): string {
  if (!address.includes(':')) return address
  if (/^::ffff:[0-9.]+$/i.test(address)) return address.slice('::ffff:'.length)
  const [head = '', tail] = (address.split('%')[0] ?? '').toLowerCase().split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? [] : Array<string>(8 - before.length - after.length).fill('0')
  const groups = [...before, ...zeros, ...after].slice(0, 4)
  return `${groups.map((group) => group.replace(/^0+(?=.)/, '')).join(':')}::/64`
}
