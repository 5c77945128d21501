import { CofferError, describeError } from '../../core/errors.ts'
import { madePolicyName } from '../../core/policy/made-name.ts'
import { hasOwnPolicies } from '../../core/policy/credential.ts'
import type { Action, Policy, Rule } from '../../core/policy/policy.ts'
import { deliveredElsewhere } from '../../core/delivery.ts'
import type { Coffer } from '../../core/ports/coffer.ts'
import type { SyncTarget } from '../../compose/sync.ts'
import { confirmed } from '../confirm.ts'
import { addedBy, checkReplaces, putAndGive, withdrawnBy } from '../made-policy.ts'
import type { Withdrawn } from '../made-policy.ts'
import type { Session } from '../session.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'
import { openSyncing } from '../sync/open.ts'
import type { Place } from '../sync/open.ts'

export const handle: Handler<Sub<'sync', 'allow'>> = async ({ options }, session) => {
  const syncing = await openSyncing(
    session,
    { env: options.env, only: [] },
    session.world.interrupted(),
  )
  try {
    const targets = openedOf(syncing.places, session)
    const { coffer } = syncing.world
    const actor = options.actor ?? syncing.world.actor
    const asked = targets.flatMap(resourcesOf)
    const ledgers = await ledgersOf(targets)
    const policy: Policy = {
      name: madePolicyName('deliver', syncing.project, syncing.env),
      description: `Delivers what the manifest of ${syncing.owner} declares.`,
      rules: [...deliverRules(targets), ...ledgerRules(ledgers)],
    }
    const isCredential = hasOwnPolicies(actor)
    const missing: readonly Pick<Withdrawn, 'path' | 'destination'>[] = isCredential
      ? await addedBy(coffer.access, policy)
      : [
          ...(await missingOf(coffer, actor, 'deliver', asked)),
          ...(await missingOf(coffer, actor, 'write', ledgers)),
        ]
    const withdrawn = await withdrawnBy(coffer.access, [policy])
    const isChanged = missing.length + withdrawn.length > 0
    await session.out.result(
      { actor, missing, withdrawn, policy, written: isChanged && options.yes },
      async () => {
        await session.out.table(missing, [
          { title: 'SECRET', cell: ({ path }) => path },
          { title: 'DESTINATION', cell: ({ destination }) => destination },
        ])
        await session.out.table(withdrawn, [
          { title: 'NO LONGER DECLARED', cell: ({ path }) => path },
          { title: 'DESTINATION', cell: ({ destination }) => destination },
        ])
        if (missing.length > 0) return
        session.out.note(
          `${isCredential ? `The policy ${policy.name}` : actor} may deliver all of it.`,
        )
        if (isCredential) session.out.note(carriedBy(actor, policy))
      },
    )
    if (!isChanged) return 0
    await checkReplaces(coffer.access, [policy])
    if (missing.length === 0) {
      await confirmed(session, `Take these out of the policy ${policy.name}?`, options.yes)
      await coffer.access.putPolicy(policy)
      session.out.note(`policy ${policy.name} stored`)
      return 0
    }
    if (isCredential) {
      await confirmed(session, `Write the policy ${policy.name}, to deliver these?`, options.yes)
      await coffer.access.putPolicy(policy)
      session.out.note(`policy ${policy.name} stored`)
      session.out.note(carriedBy(actor, policy))
      return 0
    }
    const question = `Allow ${actor} to deliver these, by the policy ${policy.name}?`
    await confirmed(session, question, options.yes)
    await putAndGive(coffer.access, actor, policy)
    session.out.note(`policy ${policy.name} stored, and given to ${actor}`)
    return 0
  } finally {
    await syncing.close()
  }
}

/** A credential has the policies that it was made with, and is given none. */
const carriedBy = (actor: string, { name }: Policy): string =>
  `${actor} has policies of its own. Unless ${name} is one of them, deliver with a credential that has it: \`coffer token create --policy ${name}\`, or a role with --policy ${name}.`

/**
 * All of them, and every one that cannot be opened is told.
 * @throws what kept the first of them: half of a policy would allow half of what is declared
 */
function openedOf(places: readonly Place[], { out }: Session): SyncTarget[] {
  const broken = places.filter(({ target }) => target === undefined)
  for (const { title, error } of broken) out.warn(`${title}: ${describeError(error).message}`)
  const [first] = broken
  if (first === undefined) return places.flatMap(({ target }) => target ?? [])
  const { code, remedy } = describeError(first.error)
  throw new CofferError(code, 'Nothing was allowed: not every destination can be opened.', {
    remedy,
    cause: first.error,
  })
}

interface Asked {
  readonly path: string
  readonly destination: string
}

/** Everything that must be allowed for a target, each once. */
function resourcesOf({ destination, entries }: SyncTarget): Asked[] {
  const paths = entries.flatMap(({ path, elsewhere }) =>
    elsewhere === undefined ? [path] : deliveredElsewhere(path, elsewhere),
  )
  return [...new Set(paths)].map((path) => ({ path, destination: audienceOf(destination) }))
}

const audienceOf = ({ id, audience = id }: SyncTarget['destination']): string => audience

async function missingOf(
  coffer: Coffer,
  actor: string,
  action: Action,
  asked: readonly Asked[],
): Promise<readonly Asked[]> {
  const missing: Asked[] = []
  for (const one of asked) {
    const destination = action === 'deliver' ? one.destination : undefined
    const { allowed } = await coffer.access.test({ actor, action, path: one.path, destination })
    if (!allowed) missing.push(one)
  }
  return missing
}

/** One for each set of paths. @throws CofferError `invalid_argument` for what would be a pattern */
function deliverRules(targets: readonly SyncTarget[]): Rule[] {
  const wanted = targets.map((target) => ({
    destination: audienceOf(target.destination),
    paths: resourcesOf(target).map(({ path }) => path),
  }))
  const pattern = wanted.flatMap((one) => [one.destination, ...one.paths]).find(isPattern)
  if (pattern !== undefined) {
    throw new CofferError(
      'invalid_argument',
      `A rule that names ${pattern} would allow others too.`,
      {
        remedy: 'Write the policy by hand, or choose a name without *.',
      },
    )
  }
  const byPaths = Map.groupBy(wanted, ({ paths }) => JSON.stringify(paths))
  return [...byPaths.values()].flatMap((same) =>
    same[0] === undefined || same[0].paths.length === 0
      ? []
      : [
          {
            effect: 'allow' as const,
            actions: ['deliver' as const],
            paths: same[0].paths,
            conditions: { destinations: same.map(({ destination }) => destination) },
          },
        ],
  )
}

const isPattern = (text: string): boolean => text.includes('*')

/** Where what was delivered is recorded; files have none. */
async function ledgersOf(targets: readonly SyncTarget[]): Promise<Asked[]> {
  const { ledgerPath } = await import('../../compose/sync.ts')
  return targets
    .filter(({ destination }) => destination.local !== true)
    .map(({ destination: { id } }) => ({ path: ledgerPath(id), destination: id }))
}

const ledgerRules = (ledgers: readonly Asked[]): Rule[] =>
  ledgers.length === 0
    ? []
    : [
        {
          effect: 'allow',
          actions: ['read', 'write', 'describe', 'list'],
          paths: ledgers.flatMap(({ path }) => [path, `${path}/**`]),
        },
      ]
