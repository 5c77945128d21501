import { createPrivateKey, X509Certificate } from 'node:crypto'
import { LIMITS } from '../limits.ts'
import type { EncodedValue } from '../value.ts'
import { badValue } from './row.ts'
import type { TypeRow } from './row.ts'

export const certificate: TypeRow = {
  summary: 'An X.509 certificate or a chain of them as PEM, or one as DER bytes.',
  constraints: [],
  check: (spec, value) => {
    const blocks = pemBlocks(value)
    if ((blocks?.length ?? 1) > LIMITS.certificateChainMax) {
      throw badValue(spec, `is a chain of at most ${LIMITS.certificateChainMax} certificates`)
    }
    const legal = blocks === undefined ? isDerCertificate(value) : blocks.every(isPemCertificate)
    if (!legal) throw badValue(spec, 'is one or more X.509 certificates as PEM, or one as DER')
  },
}

/** Encrypted and OpenSSH keys are recognised by their frame; what is inside cannot be checked here. */
export const privateKey: TypeRow = {
  summary: 'A private key as PEM (PKCS#8, PKCS#1, SEC1, encrypted, OpenSSH), or as DER bytes.',
  constraints: [],
  check: (spec, value) => {
    const blocks = pemBlocks(value)
    const [block, ...others] = blocks?.filter(({ label }) => label !== 'EC PARAMETERS') ?? []
    const legal =
      blocks === undefined
        ? value.encoding === 'bytes' && isDerKey(value.bytes)
        : block !== undefined && others.length === 0 && isPemKey(block)
    if (!legal) throw badValue(spec, 'is one private key as PEM or DER that can be parsed')
  },
  generate: (_spec, _length, random) => {
    const der = Buffer.concat([ED25519_PKCS8, random(32)])
    return `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`
  },
}

interface PemBlock {
  readonly label: string
  readonly pem: string
  readonly body: string
}

/** RFC 8410, section 7: an Ed25519 key in PKCS#8 is this and then its 32 bytes. */
const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')
const OPENSSH_MAGIC = Buffer.from('openssh-key-v1\0', 'latin1')
const PEM = /-----BEGIN ([A-Z0-9 ]{1,64})-----\r?\n((?:[^-]|-(?!----))*)-----END \1-----/g
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/
const PLAIN_LABELS = ['PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY']

/**
 * The blocks of a PEM text, undefined when it has none. Text around blocks is allowed (RFC 7468); a
 * block that is cut off counts as a block that nobody can read.
 */
function pemBlocks(value: EncodedValue): PemBlock[] | undefined {
  const text = value.encoding === 'json' ? '' : Buffer.from(value.bytes).toString('latin1')
  const begun = text.split('-----BEGIN ').length - 1
  const blocks = Array.from(text.matchAll(PEM), ([pem, label = '', body = '']) => ({
    label,
    pem,
    body,
  }))
  if (begun === 0) return undefined
  return begun === blocks.length ? blocks : [CUT_OFF]
}

const CUT_OFF: PemBlock = { label: '', pem: '', body: '' }

const isPemCertificate = ({ label, pem }: PemBlock): boolean =>
  label === 'CERTIFICATE' && parses(() => new X509Certificate(pem))

const isDerCertificate = ({ encoding, bytes }: EncodedValue): boolean =>
  encoding === 'bytes' && parses(() => new X509Certificate(bytes))

function isPemKey({ label, pem, body }: PemBlock): boolean {
  if (label === 'ENCRYPTED PRIVATE KEY') return isBase64(body)
  if (label === 'OPENSSH PRIVATE KEY') {
    return (
      isBase64(body) &&
      Buffer.from(body, 'base64').subarray(0, OPENSSH_MAGIC.length).equals(OPENSSH_MAGIC)
    )
  }
  if (!PLAIN_LABELS.includes(label)) return false
  if (/^Proc-Type: 4,ENCRYPTED\r?\n/.test(body)) return true
  return parses(() => createPrivateKey(pem))
}

const isBase64 = (body: string): boolean => BASE64.test(body.replaceAll(/\s/g, ''))

const isDerKey = (bytes: Uint8Array): boolean =>
  (['pkcs8', 'pkcs1', 'sec1'] as const).some((type) =>
    parses(() => createPrivateKey({ key: Buffer.from(bytes), format: 'der', type })),
  )

/** The parser's own words are dropped: they could quote the input. */
function parses(parse: () => unknown): boolean {
  try {
    parse()
    return true
  } catch {
    return false
  }
}
