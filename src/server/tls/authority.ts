import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { CofferError } from '../../core/errors.ts'
import type { Clock, Random } from '../../core/ports/ambient.ts'
import { issueCertificate } from './certificate.ts'
import { createTlsFile, findTlsFile, readTlsFile, replaceTlsFile, tlsPlaces } from './files.ts'
import { checkedPair, leafOf, notAfterOf } from './key-pair.ts'
import type { KeyPair } from './key-pair.ts'
import { serverNames } from './names.ts'
import { openTlsSource } from './source.ts'
import type { TlsSource } from './source.ts'

export interface OwnTlsOptions {
  readonly dataDir: string
  /** DNS names and addresses that clients use. */
  readonly names: readonly string[]
  readonly clock: Clock
  readonly random: Random
  readonly failed: (error: unknown) => void
  readonly renewed?: (pair: KeyPair) => void
  readonly everyMs?: number
}

const DAY_MS = 86_400_000
const AUTHORITY_DAYS = 3_650
const SERVER_DAYS = 90
/** A certificate is replaced when less than this is left of it. */
const RENEW_DAYS = 30
/** For clients whose clocks are behind. */
const BACKDATED_MS = 3_600_000
const LOOK_EVERY_MS = 60_000

/**
 * Certificates of the data directory's own authority, which is made when there is none. The
 * server's is issued anew when it is about to expire or lacks a name. Processes that share the
 * directory share both.
 * @throws CofferError `unavailable`, `corrupt`, `invalid_argument` for a name that is none
 */
export async function openOwnTls(options: OwnTlsOptions): Promise<TlsSource> {
  const names = serverNames(options.names)
  const { ca } = tlsPlaces(options.dataDir)
  return openTlsSource({
    read: () => ownPair({ ...options, names }),
    everyMs: options.everyMs ?? LOOK_EVERY_MS,
    failed: options.failed,
    renewed: options.renewed,
    caFile: ca,
  })
}

function ownPair(options: OwnTlsOptions): KeyPair {
  const places = tlsPlaces(options.dataDir)
  const found = splitPem(findTlsFile(places.server) ?? '')
  const authority = authorityOf(options)
  if (found !== undefined && isGood(found, authority, options)) return found
  const made = issue(options, authority)
  replaceTlsFile(places.server, made.key + made.cert, 0o600)
  return made
}

/** The authority, made once; its certificate lies beside it for clients. */
function authorityOf(options: OwnTlsOptions): KeyPair {
  const places = tlsPlaces(options.dataDir)
  let text = findTlsFile(places.authority)
  if (text === undefined) {
    const made = makeAuthority(options)
    createTlsFile(places.authority, made.key + made.cert, 0o600)
    text = readTlsFile(places.authority)
  }
  const authority = splitPem(text)
  if (authority === undefined) throw damaged(places.authority)
  if (findTlsFile(places.ca) !== authority.cert) replaceTlsFile(places.ca, authority.cert, 0o644)
  return authority
}

function makeAuthority({ clock, random }: OwnTlsOptions): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = `Coffer CA ${Buffer.from(random(4)).toString('hex')}`
  const cert = issueCertificate({
    subject: name,
    issuer: name,
    publicKey,
    issuerPublicKey: publicKey,
    issuerKey: privateKey,
    serial: random(16),
    notBefore: clock() - BACKDATED_MS,
    notAfter: clock() + AUTHORITY_DAYS * DAY_MS,
  })
  return { cert, key: pem(privateKey) }
}

function issue({ clock, random, names }: OwnTlsOptions, authority: KeyPair): KeyPair {
  const issuer = leafOf(authority.cert)
  if (notAfterOf(issuer) - clock() < DAY_MS) throw expired()
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const issuerKey = createPrivateKey(authority.key)
  const cert = issueCertificate({
    subject: 'Coffer server',
    issuer: issuer.subject.replace(/^CN=/, ''),
    publicKey,
    issuerPublicKey: createPublicKey(issuerKey),
    issuerKey,
    serial: random(16),
    notBefore: clock() - BACKDATED_MS,
    notAfter: Math.min(clock() + SERVER_DAYS * DAY_MS, notAfterOf(issuer)),
    names,
  })
  return { cert, key: pem(privateKey) }
}

/** Usable, of this authority, valid for a while, and for all of the names. */
function isGood(pair: KeyPair, authority: KeyPair, { clock, names }: OwnTlsOptions): boolean {
  try {
    const leaf = leafOf(checkedPair(pair, 'of the data directory').cert)
    const left = notAfterOf(leaf) - clock()
    const lasts =
      left > RENEW_DAYS * DAY_MS || notAfterOf(leaf) === notAfterOf(leafOf(authority.cert))
    return (
      lasts &&
      left > 0 &&
      Date.parse(leaf.validFrom) <= clock() &&
      leaf.verify(leafOf(authority.cert).publicKey) &&
      names.every((name) => namesOf(leaf.subjectAltName).has(name))
    )
  } catch {
    // Cut short or edited: it is made anew.
    return false
  }
}

/** Canonical, as `serverNames` has them. */
function namesOf(subjectAltName = ''): Set<string> {
  const written = subjectAltName
    .split(', ')
    .map((entry) => entry.replace(/^(?:DNS|IP Address):/, ''))
  return new Set(serverNames(written))
}

/** A private key and the certificates behind it. */
function splitPem(text: string): KeyPair | undefined {
  const at = text.indexOf('-----BEGIN CERTIFICATE-----')
  return at <= 0 ? undefined : { key: text.slice(0, at), cert: text.slice(at) }
}

const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' })

const damaged = (file: string) =>
  new CofferError('corrupt', `${file} is no certificate authority.`, {
    remedy: 'Put it back, or remove the folder: then clients need the new authority.',
  })

const expired = () =>
  new CofferError('expired', "The server's own certificate authority expires.", {
    remedy: 'Remove the folder tls of the data directory and give clients the new `coffer ca`.',
  })
