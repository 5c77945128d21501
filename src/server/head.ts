import type { IncomingMessage } from 'node:http'

/** What the headers of a request say that must be known before anything is done for it. */
export interface Head {
  /**
   * RFC 9112, 3.2: of two hosts another reader may take the other, and so of two credentials; HTTP/1.1
   * names one. Nor is a request of HTTP/0.9 one.
   */
  readonly sound: boolean
  /** Of `Authorization`; the first where it is not sound. */
  readonly authorization: string | undefined
  /** A body was announced, also one of no bytes. */
  readonly announcesBody: boolean
}

export function headOf(request: IncomingMessage): Head {
  const { rawHeaders, httpVersionMajor, httpVersionMinor } = request
  let hosts = 0
  let credentials = 0
  let authorization: string | undefined
  let announcesBody = false
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    switch (name.length) {
      case 4:
        if (name.toLowerCase() === 'host') hosts++
        break
      case 13:
        if (name.toLowerCase() !== 'authorization') break
        if (credentials++ === 0) authorization = rawHeaders[i + 1]
        break
      case 14:
        if (name.toLowerCase() === 'content-length') announcesBody = true
        break
      case 17:
        if (name.toLowerCase() === 'transfer-encoding') announcesBody = true
        break
      default:
    }
  }
  const hostsSound = hosts === 1 || (hosts === 0 && httpVersionMinor === 0)
  const sound = hostsSound && credentials <= 1 && httpVersionMajor === 1
  return { sound, authorization, announcesBody }
}
