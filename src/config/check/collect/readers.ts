import type { Coffer } from '../../../core/ports/coffer.ts'
import type { Manifest } from '../../manifest/manifest.ts'
import { describeError } from '../../problem.ts'
import { COFFER } from '../../reference.ts'
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
    secret.ref?.provider === COFFER && isUsable(secret, now)
      ? actorsOf(secret, manifest).map((who) => ({ secret, ...who }))
      : [],
  )
  if (questions.length === 0) return facts
  const { access } = await coffer()
  const closed = new Set<string>()
  await eachOf(questions, async ({ secret, workload, actor }) => {
    const allowed = closed.has(actor) ? undefined : await mayRead(access, secret, actor)
    if (allowed === undefined) closed.add(actor)
    secret.readers.push({ workload, actor, allowed })
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
    if (describeError(error).code === 'denied') return undefined
    throw error
  }
}
