import { CofferError } from '../../../core/errors.ts'
import type { Manifest } from '../../manifest/manifest.ts'
import { environmentsOf } from '../environments.ts'
import { MARK } from '../generated.ts'
import type { Generated } from '../generated.ts'
import { grantsOf } from './grants.ts'
import type { Grant } from './grants.ts'
import { accessObjects, externalObjects, namespaceObject } from './objects.ts'
import type { KubernetesObject, ServerFacts } from './objects.ts'
import { readmeOf } from './readme.ts'

export interface KubernetesOptions {
  /** Default: all that the manifest lists. */
  readonly environments?: readonly string[] | undefined
  /** Those that run in Kubernetes. Default: all of the manifest. */
  readonly workloads?: readonly string[] | undefined
  /** Of the server, as the cluster reaches it. */
  readonly server?: string | undefined
  /** PEM. Otherwise the store reads it from a ConfigMap. */
  readonly ca?: string | undefined
  /** Default `kubernetes-` and the environment's name. */
  readonly mount?: string | undefined
  readonly refreshInterval?: string | undefined
}

/**
 * For every environment: namespaces, accounts that read their own Secrets only, and a store of the
 * External Secrets Operator for each workload. Sorted as they are to be applied; the same manifest
 * gives the same bytes. What Coffer holds workloads to are the policies of `workloadPoliciesOf`.
 * @throws CofferError `invalid_argument`, `invalid_config`
 * @throws ConfigError for names that Kubernetes does not take
 */
export async function kubernetesObjects(
  declared: Manifest,
  options: KubernetesOptions = {},
): Promise<Generated> {
  const manifest = withWorkloads(declared, options.workloads)
  const environments = environmentsOf(manifest, options.environments)
  const { grants, notes } = grantsOf(manifest, environments)
  if (grants.length === 0) {
    throw new CofferError('invalid_config', 'No secret says which workloads use it.', {
      remedy: 'Name them in usedBy: [api].',
    })
  }
  const { stringify } = await import('yaml')
  const written = (objects: readonly KubernetesObject[]): string =>
    [`# ${MARK}.\n`, ...objects.map((object) => stringify(object, LAYOUT))].join('---\n')
  const files: Record<string, string> = {}
  for (const { name } of environments) {
    const own = grants.filter(({ environment }) => environment === name)
    if (own.length === 0) continue
    const facts = factsOf(name, options)
    const spaces = [...new Set(own.map(({ namespace }) => namespace))]
    const made = spaces.filter((space) => space !== 'default').map(namespaceObject)
    if (made.length > 0) files[`${name}/1-namespaces.yaml`] = written(made)
    files[`${name}/2-access.yaml`] = written(own.flatMap(accessObjects))
    files[`${name}/3-external-secrets.yaml`] = written(
      own.flatMap((grant) => externalObjects(grant, facts)),
    )
  }
  files['README.md'] = readmeOf(manifest, grants, (name) => factsOf(name, options))
  return { files, notes: [...notes, ...shared(grants)] }
}

function withWorkloads(manifest: Manifest, names: readonly string[] = []): Manifest {
  if (names.length === 0) return manifest
  const known = Object.keys(manifest.workloads)
  const stray = names.find((name) => !known.includes(name))
  if (stray !== undefined)
    throw usage(`The manifest has no workload ${stray}: it has ${known.join(', ')}.`)
  const picked = Object.entries(manifest.workloads).filter(([name]) => names.includes(name))
  return { ...manifest, workloads: Object.fromEntries(picked) }
}

const LAYOUT = { lineWidth: 0, aliasDuplicateObjects: false } as const
const MOUNT = /^[A-Za-z0-9_.-]{1,64}$/
const INTERVAL = /^(\d{1,6}[smh])+$/

function factsOf(environment: string, options: KubernetesOptions): ServerFacts {
  const { mount = `kubernetes-${environment}`, refreshInterval = '1h', ca } = options
  if (!MOUNT.test(mount)) throw usage('--mount has letters, digits and _ . -')
  if (!INTERVAL.test(refreshInterval)) throw usage('--refresh is written 90s, 15m, 1h.')
  if (ca !== undefined && !/-----BEGIN CERTIFICATE-----/.test(ca)) {
    throw usage('--ca-file holds certificates as PEM.')
  }
  return {
    server: originOf(options.server ?? 'https://coffer.example:8200'),
    caBundle: ca === undefined ? undefined : Buffer.from(ca).toString('base64'),
    mount,
    refreshInterval,
  }
}

function originOf(server: string): string {
  const url = URL.canParse(server) ? new URL(server) : undefined
  if (
    url === undefined ||
    url.protocol !== 'https:' ||
    url.pathname !== '/' ||
    url.username !== ''
  ) {
    throw usage('--server is the address of a server: https://coffer.example:8200.')
  }
  return url.origin
}

const usage = (message: string) =>
  new CofferError('invalid_argument', message, { remedy: 'See `coffer help kubernetes`.' })

/** With one cluster for more than one environment, a namespace in common shares the accounts. */
function shared(grants: readonly Grant[]): string[] {
  const places = new Map<string, Set<string>>()
  for (const { namespace, serviceAccount, environment } of grants) {
    const place = `${namespace}/${serviceAccount}`
    places.set(place, (places.get(place) ?? new Set()).add(environment))
  }
  const common = [...places].filter(([, environments]) => environments.size > 1)
  if (common.length === 0) return []
  const names = common.map(([place]) => place).join(', ')
  return [
    `The same account in more than one environment: ${names}. Apply each environment to a cluster of its own, or name namespaces with \${env}.`,
  ]
}
