import { createHash, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { bits, boolean, integer, octets, oid, sequence, setOf, tagged, time, utf8 } from './der.ts'
import { subjectAltNames } from './names.ts'

/** What a certificate says; times in milliseconds since 1970 UTC. */
export interface CertificateInput {
  /** Common names. */
  readonly subject: string
  readonly issuer: string
  /** Of the subject, on P-256. */
  readonly publicKey: KeyObject
  readonly issuerPublicKey: KeyObject
  readonly issuerKey: KeyObject
  /** 16 random bytes. */
  readonly serial: Uint8Array
  readonly notBefore: number
  readonly notAfter: number
  /** DNS names and addresses of a server; absent for a certificate authority. */
  readonly names?: readonly string[] | undefined
}

/** A certificate (RFC 5280) signed with ECDSA and SHA-256, as PEM. */
export function issueCertificate(input: CertificateInput): string {
  const body = sequence(
    tagged(0, integer(Buffer.of(2))),
    integer(positive(input.serial)),
    ECDSA_WITH_SHA256,
    commonName(input.issuer),
    sequence(time(input.notBefore), time(input.notAfter)),
    commonName(input.subject),
    spki(input.publicKey),
    tagged(3, sequence(...extensionsOf(input))),
  )
  const signature = sign('sha256', body, input.issuerKey)
  const der = sequence(body, ECDSA_WITH_SHA256, bits(signature))
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}

const ECDSA_WITH_SHA256 = sequence(oid('1.2.840.10045.4.3.2'))
const SERVER_AUTH = sequence(oid('1.3.6.1.5.5.7.3.1'))
/** Bits 0, and 5 and 6, of KeyUsage. */
const DIGITAL_SIGNATURE = bits(Buffer.of(0x80), 7)
const SIGNS_CERTIFICATES = bits(Buffer.of(0x06), 1)

function extensionsOf({ names, publicKey, issuerPublicKey }: CertificateInput): Buffer[] {
  const subjectKey = extension('2.5.29.14', octets(keyId(publicKey)))
  const issuerKey = extension('2.5.29.35', sequence(tagged(0, keyId(issuerPublicKey), false)))
  if (names === undefined) {
    // A path length of 0: what it issues issues nothing.
    const authority = sequence(boolean(true), integer(Buffer.of(0)))
    return [
      extension('2.5.29.19', authority, true),
      extension('2.5.29.15', SIGNS_CERTIFICATES, true),
      subjectKey,
      issuerKey,
    ]
  }
  return [
    extension('2.5.29.19', sequence(), true),
    extension('2.5.29.15', DIGITAL_SIGNATURE, true),
    extension('2.5.29.37', SERVER_AUTH),
    extension('2.5.29.17', subjectAltNames(names)),
    subjectKey,
    issuerKey,
  ]
}

const extension = (id: string, value: Buffer, critical = false) =>
  sequence(oid(id), ...(critical ? [boolean(true)] : []), octets(value))

const commonName = (name: string) => sequence(setOf(sequence(oid('2.5.4.3'), utf8(name))))

const spki = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' })

/** RFC 7093, method 4: of the whole key; 20 bytes. */
const keyId = (key: KeyObject): Buffer =>
  createHash('sha256').update(spki(key)).digest().subarray(0, 20)

/** At most 20 bytes, more than 0, and the same length for everyone. */
function positive(serial: Uint8Array): Buffer {
  const bytes = Buffer.from(serial)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes
}
