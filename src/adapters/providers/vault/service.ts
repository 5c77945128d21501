import { CofferError } from '../../../core/errors.ts'
import type { ProviderValue } from '../../../core/ports/provider.ts'
import { textSecret } from '../../../core/secret.ts'
import type { ProviderContext } from '../context.ts'
import { answerEach } from '../opened.ts'
import type { OpenedService } from '../opened.ts'
import { createCredential } from './credential.ts'
import { addressesOf, parseKey } from './key.ts'
import type { SecretKey } from './key.ts'
import { mountFinder, mountOf } from './mounts.ts'
import { invalidToken, refusalOf, saysOf } from './refusals.ts'
import { readSettings } from './settings.ts'
import { createWire } from './wire.ts'
import type { VaultAnswer, Wire } from './wire.ts'

/** For so long a token that was just known is known. */
const PROBE_MS = 10_000

/** @throws CofferError `invalid_config`, `unauthenticated` where no credential is named */
export async function openVault(
  context: ProviderContext,
  timeoutMs: number,
): Promise<OpenedService> {
  const settings = await readSettings(context)
  const { origin, namespace = '' } = settings
  const wire = createWire(settings, timeoutMs)
  const credential = await createCredential(settings, wire)
  const { mount, field } = context.options

  const isKnown = tokenProbe(wire, origin)

  /** With the token; with another one, once, when this one turns out to be refused. */
  const get = async (path: string, signal: AbortSignal, again = true): Promise<VaultAnswer> => {
    const token = await credential.token()
    const answer = await wire.request({ path, token, signal })
    if (answer.document === undefined && answer.status !== 200) throw refusalOf(answer, origin)
    if (answer.status !== 403 || (await isKnown(token, answer))) return answer
    if (credential.refused() && again) return get(path, signal, false)
    throw invalidToken(origin)
  }

  const findMount = mountFinder(async (path) => {
    // Shared by all who wait for it, so no single one of them ends it.
    const { signal } = new AbortController()
    const answer = await get(`sys/internal/ui/mounts/${encode(path)}`, signal)
    if (answer.status === 403 || answer.status === 404) return undefined
    const found = answer.status === 200 ? mountOf(answer.document) : undefined
    if (found === undefined) throw refusalOf(answer, origin)
    return found
  })

  async function read(key: SecretKey, signal: AbortSignal): Promise<ProviderValue | undefined> {
    const addresses = addressesOf(key, await findMount(key.path))
    const query = key.version === undefined ? '' : `?version=${key.version}`
    const said: ('absent' | 'denied' | 'nothing there')[] = []
    for (const { path, version } of addresses) {
      const answer = await get(encode(path) + query, signal)
      if (answer.status === 200) return valueOf(answer, version, key, field, origin)
      if (answer.status !== 403 && answer.status !== 404) throw refusalOf(answer, origin)
      const removed = removedOf(answer, key)
      if (removed !== undefined) throw removed
      if (!isVaults(answer)) throw refusalOf(answer, origin)
      // A secret that is not there is a 404 without words; with words something else is not.
      const nowhere = answer.status === 404 && saysOf(answer.document, /./)
      said.push(nowhere ? 'nothing there' : answer.status === 403 ? 'denied' : 'absent')
    }
    if (said.includes('absent')) return undefined
    const place = addresses[0]?.path ?? key.path
    throw said.includes('denied') ? deniedAt(place) : nothingAt(place)
  }

  return {
    scope: [origin, namespace, credential.scope].join('|'),
    where: namespace === '' ? origin : `${origin}, namespace ${namespace}`,
    call: (refs, signal) => answerEach(refs, async (ref) => read(parseKey(ref, mount), signal)),
    close: () => wire.close(),
  }
}

/**
 * A 403 says either that the token may not, or that there is no such token. Its words tell in some
 * versions; else the token's own entry does, which a policy may hide from it.
 */
function tokenProbe(wire: Wire, origin: string) {
  let last: { token: string; untilMs: number; known: Promise<boolean> } | undefined
  const ask = async (token: string): Promise<boolean> => {
    const { signal } = new AbortController()
    const answer = await wire.request({ path: 'auth/token/lookup-self', token, signal })
    if (answer.status !== 200 && answer.status !== 403) throw refusalOf(answer, origin)
    return answer.status === 200 || saysOf(answer.document, OF_ITS_POLICY)
  }
  return async (token: string, { document }: VaultAnswer): Promise<boolean> => {
    if (saysOf(document, OF_THE_TOKEN)) return false
    if (saysOf(document, OF_ITS_POLICY)) return true
    if (last?.token === token && performance.now() < last.untilMs) return last.known
    const known = ask(token)
    last = { token, untilMs: performance.now() + PROBE_MS, known }
    known.catch(() => (last = undefined))
    return known
  }
}

/** What Vault and OpenBao say of a token that they do not know, and of what a policy does not allow. */
const OF_THE_TOKEN = /\binvalid token\b/
const OF_ITS_POLICY = /^1 error occurred:\s+\* permission denied\s*$|^preflight capability check/

const encode = (path: string) => path.split('/').map(encodeURIComponent).join('/')

/** Whether Vault itself refused: with a list of errors, be it empty, or in its envelope. */
const isVaults = ({ document }: VaultAnswer) =>
  Array.isArray(document?.['errors']) || typeof document?.['request_id'] === 'string'

/** KV version 1 answers with the members, version 2 with the members below its metadata. */
function valueOf(
  answer: VaultAnswer,
  engine: 1 | 2,
  key: SecretKey,
  field: string | undefined,
  origin: string,
): ProviderValue | undefined {
  const outer = objectOf(answer.document?.['data'])
  const data = engine === 1 ? outer : objectOf(outer?.['data'])
  if (data === undefined) throw refusalOf(answer, origin)
  const metadata = engine === 1 ? undefined : objectOf(outer?.['metadata'])
  const [version, createdAt] = [versionOf(metadata), createdIn(metadata)]
  const name = `vault:${key.path}`
  if (field === undefined)
    return { secret: textSecret(name, JSON.stringify(data), version), version, createdAt }
  const member = Object.hasOwn(data, field) ? data[field] : undefined
  if (member === undefined || member === null) return undefined
  const text = typeof member === 'string' ? member : JSON.stringify(member)
  return { secret: textSecret(`${name}#${field}`, text, version), version, createdAt }
}

/** KV version 2 answers 404 with the metadata of a version that is deleted or destroyed. */
function removedOf(answer: VaultAnswer, { path }: SecretKey): CofferError | undefined {
  const metadata = objectOf(objectOf(answer.document?.['data'])?.['metadata'])
  if (metadata === undefined) return undefined
  const version = versionOf(metadata) ?? 0
  if (metadata['destroyed'] === true) {
    return new CofferError('destroyed', `Version ${version} of ${path} was destroyed in Vault.`)
  }
  return new CofferError('deleted', `Version ${version} of ${path} is deleted in Vault.`, {
    remedy: `Bring it back with \`vault kv undelete -versions=${version} ${path}\`, or write a new one.`,
  })
}

const nothingAt = (path: string) =>
  new CofferError('not_found', `Vault has no engine, or no namespace, for ${path}.`, {
    remedy:
      'Name the mount first: vault:mount/path (see `vault secrets list`), and check VAULT_NAMESPACE.',
  })

const deniedAt = (path: string) =>
  new CofferError('denied', `The token may not read ${path}.`, {
    remedy: `Give its policy \`path "${path}" { capabilities = ["read"] }\`.`,
  })

const versionOf = (metadata: ReturnType<typeof objectOf>): number | undefined => {
  const version = metadata?.['version']
  return Number.isSafeInteger(version) ? (version as number) : undefined
}

const createdIn = (metadata: ReturnType<typeof objectOf>): number | undefined => {
  const at = Date.parse(String(metadata?.['created_time']))
  return Number.isNaN(at) ? undefined : at
}

const objectOf = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined
