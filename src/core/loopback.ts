/** Whether a host leads to this machine itself; as `URL.hostname` writes it, IPv6 in brackets. */
export const isLoopbackHost = (hostname: string): boolean =>
  /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname)
