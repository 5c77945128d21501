import { variableName } from '../../env-name.ts'
import { deliveriesOf } from '../../manifest/deliveries.ts'
import { fill } from '../../manifest/fill.ts'
import type { DeclaredSecret, Environment, Manifest } from '../../manifest/manifest.ts'
import { ConfigError } from '../../problem.ts'
import type { Problem } from '../../problem.ts'
import { COFFER } from '../../reference.ts'
import { sameNamed } from '../same-name.ts'

/** What one workload of one environment may have, and nothing else. */
export interface Grant {
  readonly environment: string
  readonly workload: string
  readonly namespace: string
  readonly serviceAccount: string
  /** Who it is in Coffer: `service:shop-prod-api`. */
  readonly actor: string
  /** What its policy and its role are called there: `shop-prod-api`. */
  readonly name: string
  readonly secrets: readonly GrantedSecret[]
  /** Objects in its namespace that `coffer sync` writes, all of whose secrets are its own. */
  readonly objects: readonly string[]
}

export interface GrantedSecret {
  /** As a variable of the workload: `API_STRIPE_KEY`. */
  readonly variable: string
  readonly path: string
  readonly type: string | undefined
}

export interface Grants {
  readonly grants: readonly Grant[]
  readonly notes: readonly string[]
}

/**
 * What each workload of these environments uses, by `usedBy`.
 * @throws ConfigError for names that Kubernetes or a policy would take for something else, all at
 * once
 */
export function grantsOf(manifest: Manifest, environments: readonly Environment[]): Grants {
  const problems: Problem[] = []
  const notes = new Set<string>()
  const grants = environments.flatMap((environment) =>
    Object.keys(manifest.workloads).map((workload) =>
      grantOf(manifest, environment, workload, { problems, notes }),
    ),
  )
  const made = grants.filter(({ secrets }) => secrets.length > 0)
  problems.push(...sameAccount(made), ...sameName(made))
  if (problems.length > 0) throw new ConfigError(problems)
  return { grants: made, notes: [...notes] }
}

/** Of namespaces, accounts and the objects that are named after workloads: RFC 1123. */
const LABEL = /^[a-z0-9]([a-z0-9-]{0,50}[a-z0-9])?$/
const LABEL_SAYS = 'In Kubernetes: at most 52 small letters, digits and -, no - at either end.'
const NAME = /^[a-z0-9._-]{1,64}$/

interface Told {
  readonly problems: Problem[]
  readonly notes: Set<string>
}

function grantOf(
  manifest: Manifest,
  environment: Environment,
  workload: string,
  told: Told,
): Grant {
  const { project } = manifest
  const spec = manifest.workloads[workload]
  const env = environment.name
  const used = manifest.secrets.filter(
    ({ usedBy, environments }) => usedBy.includes(workload) && environments.includes(env),
  )
  const name = `${project}-${env}-${workload}`.toLowerCase()
  const grant = {
    environment: env,
    workload,
    namespace: fill(spec?.namespace ?? 'default', { env, project }),
    serviceAccount: spec?.serviceAccount ?? workload,
    actor: spec?.actor[env] ?? `service:${name}`,
    name,
    secrets: used.flatMap((secret) => granted(secret, env, told)),
    objects: objectsOf(),
  }
  const about = { position: spec?.at, provider: 'kubernetes', code: 'invalid_config' } as const
  for (const text of [workload, grant.namespace, grant.serviceAccount]) {
    if (LABEL.test(text)) continue
    const message = `Kubernetes takes no such name: ${text}.`
    const problem = { ...about, field: `workloads.${workload}`, reference: text }
    told.problems.push({ ...problem, message, remedy: LABEL_SAYS })
  }
  if (!NAME.test(name)) {
    const remedy = 'Shorten the names of project, environment or workload to 64 together.'
    const message = `Its policy would be called ${name}, which is too long or none.`
    told.problems.push({
      ...about,
      field: `workloads.${workload}`,
      reference: name,
      message,
      remedy,
    })
  }
  const twice = collision(grant.secrets)
  if (twice !== undefined) {
    const message = `Two of its secrets are the variable ${twice}.`
    const remedy = 'Give one of them another name with env.'
    told.problems.push({
      ...about,
      field: `workloads.${workload}`,
      reference: twice,
      message,
      remedy,
    })
  }
  return grant

  /** Objects with a secret that it does not use would hand that over as well. */
  function objectsOf(): string[] {
    const objects: string[] = []
    for (const { kind, options, entries } of deliveriesOf(manifest, env)) {
      const { namespace = 'default', secret } = options
      if (kind !== 'kubernetes' || typeof secret !== 'string') continue
      if (namespace !== fill(spec?.namespace ?? 'default', { env, project })) continue
      const own = entries.filter((entry) => entry.secret.usedBy.includes(workload))
      if (own.length === entries.length) objects.push(secret)
      else if (own.length > 0) {
        told.notes.add(
          `${workload} may not read ${namespace}/${secret}: others' secrets are in it.`,
        )
      }
    }
    return [...new Set(objects)]
  }
}

function granted(secret: DeclaredSecret, env: string, told: Told): GrantedSecret[] {
  const reference = secret.references[env]
  if (reference === undefined) return []
  if (reference.ref.provider !== COFFER) {
    told.notes.add(`Not through Coffer: ${secret.name} is held by ${reference.ref.provider}.`)
    return []
  }
  const path = reference.ref.key
  if (path.includes('*')) {
    told.problems.push({
      field: `secrets.${secret.name}`,
      position: secret.at,
      reference: path,
      provider: COFFER,
      code: 'invalid_config',
      message: 'In a policy * would stand for other secrets too.',
      remedy: 'Rename it without *.',
    })
  }
  const variable = reference.envName ?? secret.envName ?? variableName([secret.name])
  return [{ variable, path, type: secret.type?.name }]
}

const collision = (secrets: readonly GrantedSecret[]): string | undefined =>
  secrets.find(({ variable }, at) => secrets.slice(0, at).some((s) => s.variable === variable))
    ?.variable

/** Its policy and its role in Coffer: `a-b` and `c` have the name of `a` and `b-c`. */
const sameName = (grants: readonly Grant[]): Problem[] =>
  sameNamed(grants, ({ name }) => name).map(([grant, other]) => ({
    field: `workloads.${grant.workload}`,
    reference: grant.name,
    provider: 'kubernetes',
    code: 'invalid_config',
    message: `${other.environment}/${other.workload} and ${grant.environment}/${grant.workload} would both be called ${grant.name}.`,
    remedy: 'Rename one of the workloads or environments.',
  }))

/** One account is one identity: each of its workloads would have the secrets of all of them. */
function sameAccount(grants: readonly Grant[]): Problem[] {
  const first = new Map<string, Grant>()
  return grants.flatMap((grant) => {
    const account = `${grant.namespace}/${grant.serviceAccount}`
    const other = first.get(`${grant.environment} ${account}`)
    if (other === undefined) first.set(`${grant.environment} ${account}`, grant)
    return other === undefined ? [] : [shared(grant, other, account)]
  })
}

const shared = ({ workload, environment }: Grant, other: Grant, account: string): Problem => ({
  field: `workloads.${workload}`,
  reference: account,
  provider: 'kubernetes',
  code: 'invalid_config',
  message: `In ${environment} it has the account of ${other.workload}: each would read what both may.`,
  remedy: 'Give one of them another serviceAccount or namespace.',
})
