import { isLoopbackHost } from './loopback.ts'

/** Keys that are trusted travel over TLS; in clear only within this machine. No password in the address. */
export function isKeyUrl(input: unknown): input is string {
  if (typeof input !== 'string' || !URL.canParse(input)) return false
  const { protocol, hostname, username, password } = new URL(input)
  if (username !== '' || password !== '') return false
  return protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname))
}
