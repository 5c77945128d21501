import { CofferError } from '../../core/errors.ts'
import { madePolicyName } from '../../core/policy/made-name.ts'
import type { Policy } from '../../core/policy/policy.ts'
import type { Environment, Manifest } from '../manifest/manifest.ts'
import { COFFER } from '../reference.ts'
import { sameNamed } from './same-name.ts'

/** What one workload of one environment is to be given in Coffer. */
export interface WorkloadPolicy {
  readonly environment: string
  readonly workload: string
  /** `service:shop-prod-api`. */
  readonly actor: string
  /** Allows to read what it uses, path by path. */
  readonly policy: Policy
  readonly paths: readonly string[]
}

/**
 * The policies by which each workload reads the secrets that name it in `usedBy`, and no other. What
 * another provider holds is not ruled by Coffer and left out. One that uses nothing gets no rule.
 * @throws CofferError `invalid_config` for a path with a `*`, which a policy would take for a pattern,
 * and for two workloads whose policies would have one name
 */
export function workloadPoliciesOf(
  manifest: Manifest,
  environments: readonly Environment[],
): readonly WorkloadPolicy[] {
  const made = environments.flatMap(({ name: environment }) =>
    Object.entries(manifest.workloads).flatMap(([workload, { actor }]) => {
      const paths = pathsOf(manifest, environment, workload)
      const who = actor[environment]
      if (who === undefined) return []
      const policy: Policy = {
        name: madePolicyName(manifest.project, environment, workload),
        description: `What the manifest of ${manifest.project} says that ${workload} uses in ${environment}.`,
        rules: paths.length === 0 ? [] : [{ effect: 'allow', actions: ['read'], paths }],
      }
      return { environment, workload, actor: who, policy, paths }
    }),
  )
  const [same] = sameNamed(made, ({ policy }) => policy.name)
  if (same !== undefined) throw oneName(...same)
  return made
}

function pathsOf({ secrets }: Manifest, environment: string, workload: string): readonly string[] {
  const paths = secrets.flatMap(({ usedBy, references }) => {
    const ref = references[environment]?.ref
    return usedBy.includes(workload) && ref?.provider === COFFER ? ref.key : []
  })
  const pattern = paths.find((path) => path.includes('*'))
  if (pattern === undefined) return [...new Set(paths)]
  throw new CofferError('invalid_config', `A policy would take ${pattern} for a pattern.`, {
    remedy: 'Choose a prefix or path without "*".',
  })
}

const oneName = (one: WorkloadPolicy, other: WorkloadPolicy) =>
  new CofferError(
    'invalid_config',
    `${spelled(other)} and ${spelled(one)} would both have the policy ${one.policy.name}.`,
    { remedy: 'Rename one of the workloads or environments.' },
  )

/** As in `prod/api`: what the dashes of the policy's name do not tell. */
const spelled = ({ environment, workload }: WorkloadPolicy) => `${environment}/${workload}`
