import type { Provider } from '../../core/ports/provider.ts'
import { GUARD_OPTIONS, guarded } from '../net/guarded.ts'
import { checkConsent, exactly } from './consent.ts'
import { checkOptions } from './context.ts'
import type { ProviderContext } from './context.ts'
import { openedLater } from './opened.ts'

/**
 * Secrets of a Kubernetes cluster, found as kubectl finds it. Options: `namespace` (default: the
 * context's), `context`, `kubeconfig`.
 *
 * Keys: `name`, `namespace/name`, `namespace/name/data-key`; and paths as `/shop/prod/api/db-url`,
 * which are the data key `db-url` of the Secret `shop-prod-api`. A data key is text, or bytes where
 * it is not UTF-8; a Secret without one is the JSON object of all of its data, which must be text.
 * There are no labels and no versions. Needs `get` on the Secret, and nothing else.
 */
export function kubernetes(context: ProviderContext): Provider {
  checkOptions('kubernetes', context.options, [
    'namespace',
    'context',
    'kubeconfig',
    ...GUARD_OPTIONS,
  ])
  const { kubeconfig } = context.options
  checkConsent(context, exactly('the kubeconfig', kubeconfig, context.env['KUBECONFIG']))
  // Of one Secret several keys are one request, so a call takes more references than one.
  const about = { kind: 'kubernetes', title: 'Kubernetes', batchMax: 20 }
  const open = async () => (await import('./kubernetes/service.ts')).openKubernetes(context)
  return guarded(openedLater(about, open), context)
}
