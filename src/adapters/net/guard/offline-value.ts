import type { ProviderValue } from '../../../core/ports/provider.ts'
import { Secret } from '../../../core/secret.ts'
import { decoderOf, encodeValue } from '../../../core/value.ts'
import type { Encoding, SecretValue } from '../../../core/value.ts'

interface Head {
  readonly name: string
  readonly encoding: Encoding
  readonly version?: number | undefined
  readonly envName?: string | undefined
}

/** Length of a head (4 bytes), the head as JSON, the value's bytes. Undefined: it cannot be kept. */
export function encodeOffline({ secret, version, envName }: ProviderValue): Buffer | undefined {
  try {
    const { bytes, encoding } = encodeValue(secret.reveal() as SecretValue)
    const title = String(secret).slice('[secret '.length, -1)
    const name = version === undefined ? title : title.replace(/ v\d+$/, '')
    const head = Buffer.from(JSON.stringify({ name, encoding, version, envName } satisfies Head))
    const length = Buffer.alloc(4)
    length.writeUInt32BE(head.length)
    const plain = Buffer.concat([length, head, bytes])
    bytes.fill(0)
    return plain
  } catch {
    return undefined
  }
}

/** Of bytes that `encodeOffline` made and that were authenticated. They are the value's from here on. */
export function decodeOffline(plain: Uint8Array): ProviderValue {
  const bytes = Buffer.from(plain.buffer, plain.byteOffset, plain.length)
  const end = 4 + bytes.readUInt32BE()
  const head = JSON.parse(bytes.toString('utf8', 4, end)) as Head
  const { name, encoding, version, envName } = head
  const secret = new Secret<SecretValue>({
    name,
    version,
    bytes: Uint8Array.from(bytes.subarray(end)),
    decode: decoderOf(encoding),
  })
  bytes.fill(0)
  return { secret, version, envName }
}
