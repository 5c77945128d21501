import { CofferError } from '../../../core/errors.ts'
import type { Objects } from './objects.ts'

export interface Workload {
  /** As `kubectl` writes it: `deployment/api`. */
  readonly title: string
  readonly namespace: string
  readonly path: string
}

/** `deployment/api`, `statefulset/db`, `daemonset/agent`; undefined for another text. */
export function workloadOf(text: string, namespace: string): Workload | undefined {
  const [, kind, name] = /^([a-z]+)\/([a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?)$/.exec(text) ?? []
  const plural = PLURALS.get(kind ?? '')
  if (plural === undefined || name === undefined) return undefined
  return { title: text, namespace, path: `/apis/apps/v1/namespaces/${namespace}/${plural}/${name}` }
}

/**
 * Has the workload's pods replaced, as its own strategy says, unless they were made for `mark`
 * already: an annotation of the pod template is set to it.
 * @throws CofferError that says how to restart it by hand: the Secret is written by now
 */
export async function restart(
  objects: Objects,
  { title, namespace, path }: Workload,
  mark: string,
  signal: AbortSignal,
): Promise<void> {
  const template = { metadata: { annotations: { [ANNOTATION]: mark } } }
  try {
    const how = { type: 'merge', signal, repeatable: true } as const
    await objects.patch(path, { spec: { template } }, how)
  } catch (error) {
    if (!(error instanceof CofferError)) throw error
    throw new CofferError(
      error.code,
      `The Secret is delivered, and ${title} was not restarted: ${error.message}`,
      {
        remedy: `Run \`kubectl rollout restart ${title} -n ${namespace}\`.`,
        details: error.details,
      },
    )
  }
}

const ANNOTATION = 'coffer.dev/restarted-for'
const PLURALS: ReadonlyMap<string, string> = new Map([
  ['deployment', 'deployments'],
  ['statefulset', 'statefulsets'],
  ['daemonset', 'daemonsets'],
])
