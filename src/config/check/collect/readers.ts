import type { Coffer } from '../../../core/ports/coffer.ts'
import type { Manifest } from '../../manifest/manifest.ts'
import { isCofferError } from '../../../core/errors.ts'
import type { ReaderFacts, SecretFacts } from '../facts.ts'
import { isUsable } from '../rules/state.ts'
import { eachOf } from './each.ts'
import type { Asked } from './secrets.ts'

/**
 * Whether the workloads of `usedBy` may read what is there and usable. Whoever may not ask about an
 * actor is told so once, and not asked again.
 */
export async function askReaders(
  asked: readonly Asked[],
  { manifest, coffer, now }: Asking,
): Promise<SecretFacts[]> {
  const facts = asked.map((secret) => ({ ...secret, readers: [] as ReaderFacts[] }))
  const questions = facts.flatMap((secret) =>
    secret.isOwn && isUsable(secret, now)
      ? actorsOf(secret, manifest).map((who) => ({ secret, ...who }))
      : [],
  )
  if (questions.length === 0) return facts
  const { access } = await coffer()
  const closed = new Set<string>()
  const knows = knower(access, manifest)
  await eachOf(questions, async ({ secret, workload, actor }) => {
    const asked = closed.has(actor) ? undefined : await mayRead(access, secret, actor)
    if (asked === undefined) closed.add(actor)
    const known = asked === false ? await knows(secret, workload, actor) : 'here'
    const allowed = known === 'allowed' ? true : asked
    secret.readers.push({ workload, actor, allowed, isAbsent: known === 'absent' })
  })
  return facts
}

interface Asking {
  readonly manifest: Manifest
  readonly coffer: () => Promise<Coffer>
  readonly now: number
}

/** Of workloads that the manifest writes down: what it only implies may not have been set up. */
function actorsOf({ declared, environment }: Asked, { workloads }: Manifest) {
  return declared.usedBy.flatMap((workload) => {
    const { at, actor: actors } = workloads[workload] ?? {}
    const actor = at === undefined ? undefined : actors?.[environment]
    return actor === undefined ? [] : [{ workload, actor }]
  })
}

/** Undefined where whoever checks may not ask. */
async function mayRead(
  access: Coffer['access'],
  { ref, path }: Asked,
  actor: string,
): Promise<boolean | undefined> {
  try {
    const question = { actor, action: 'read', path: ref?.key ?? path, label: ref?.label }
    return (await access.test(question)).allowed
  } catch (error) {
    return unlessDenied(error)
  }
}

/**
 * What else the store knows of an actor that its own policies do not allow to read: policies that come
 * with a credential may. `absent`: nothing at all, and the manifest does not name it by itself.
 */
function knower(access: Coffer['access'], { project }: Manifest) {
  const asked = new Map<string, ReturnType<typeof answersOf>>()
  const answersOf = async (path: string, actor: string) => {
    const all = await access.who('read', path).catch(unlessDenied)
    return all?.filter((one) => one.actor === actor)
  }
  return async (secret: Asked, workload: string, actor: string) => {
    const path = secret.ref?.key ?? secret.path
    const first = asked.get(actor)
    const answering = first ?? answersOf(path, actor)
    if (first === undefined) asked.set(actor, answering)
    const found = await answering
    const implied = actor === `service:${project}-${secret.environment}-${workload}`
    if (found?.length === 0) return implied ? 'absent' : 'here'
    // The actor itself answers once; more than that are credentials, each with policies of its own.
    const own =
      first === undefined || (found?.length ?? 0) < 2 ? found : await answersOf(path, actor)
    return own?.some(({ answer }) => answer.allowed) === true ? 'allowed' : 'here'
  }
}

function unlessDenied(error: unknown): undefined {
  if (!isCofferError(error, 'denied')) throw error
}
