import { openCluster } from '../net/cluster.ts'
import type { Destination } from '../../core/ports/destination.ts'
import type { DestinationFactory } from './context.ts'
import { applyChanges } from './kubernetes/apply.ts'
import { objectsOf } from './kubernetes/objects.ts'
import { readPlace } from './kubernetes/place.ts'
import { restart, workloadOf } from './kubernetes/restart.ts'
import { entryOf } from './kubernetes/secret-object.ts'
import { readOptions } from './options.ts'

/**
 * One Secret of Kubernetes, whose keys are the entries. Written by server-side apply as the field
 * manager `coffer`, all changes in one request; keys of others stay, in the same object too.
 *
 * Which cluster: KUBECONFIG, ~/.kube/config or the pod's own, in the option `context` or the current
 * one. A kubeconfig is never an option: a manifest could name another one and so another place.
 */
export const kubernetes: DestinationFactory = async (context) => {
  const options = readOptions('kubernetes', context, OPTIONS)
  const { refuse } = options
  const namespace = options.needed('namespace')
  const name = options.needed('secret')
  if (!LABEL.test(namespace) || namespace.length > 63) {
    throw refuse('namespace', 'has lower case letters, digits and -, at most 63')
  }
  if (!SUBDOMAIN.test(name) || name.length > 253) {
    throw refuse('secret', 'has lower case letters, digits, - and ., at most 253')
  }
  const shape = { namespace, name, type: options.text('type'), labels: options.texts('labels') }
  const workloads = options.list('restart').map((text) => {
    const workload = workloadOf(text, namespace)
    if (workload === undefined) throw refuse('restart', 'names workloads as deployment/api')
    return workload
  })
  const cluster = await openCluster({ env: context.env, context: options.text('context') })
  const objects = objectsOf(cluster)
  /**
   * For the Secret as it is: what was restarted for that already is not again, also where it was another
   * process that delivered.
   */
  const finish: Destination['finish'] = async ({ signal }) => {
    const object = await readPlace(objects, shape, signal)
    if (object === undefined) return
    const mark = `${name}@${object.resourceVersion}`
    const done = await Promise.allSettled(
      workloads.map((workload) => restart(objects, workload, mark, signal)),
    )
    const failed = done.find((one) => one.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  return {
    kind: 'kubernetes',
    id: `kubernetes:${cluster.host}/${namespace}/${name}`,
    readable: true,
    marks: true,
    batchMax: ENTRIES_MAX,
    limits: {
      name: KEY,
      valueBytesMax: BYTES_MAX,
      totalBytesMax: BYTES_MAX,
      entriesMax: ENTRIES_MAX,
      textOnly: false,
    },
    async list({ signal, fingerprint }) {
      const object = await readPlace(objects, shape, signal)
      const names = [...(object?.data.keys() ?? [])]
      return names.flatMap((key) => entryOf(object, key, fingerprint) ?? [])
    },
    apply: (delivery, changes) => applyChanges(objects, shape, delivery, changes),
    ...(workloads.length === 0 ? {} : { finish }),
    close: async () => cluster.close(),
  } satisfies Destination
}

const OPTIONS = ['namespace', 'secret', 'context', 'type', 'labels', 'restart']
/** RFC 1123, as Kubernetes asks of namespaces and of names. */
const LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/
const SUBDOMAIN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/
/** `MaxSecretSize` of the API: of the values together. */
const BYTES_MAX = 1_048_576
/** So many names of full length and their owners fit into an object's annotations (256 KiB). */
const ENTRIES_MAX = 900
/** `IsConfigMapKey` of the API. */
const KEY = {
  pattern: /^(?!\.$)(?!\.\.)[-._a-zA-Z0-9]+$/,
  says: 'letters, digits and - _ ., not beginning with ..',
  charsMax: 253,
} as const
