import { CofferError } from '../../../core/errors.ts'
import { canonicalPath } from '../../../core/path.ts'
import type { MetadataChange } from '../../../core/ports/coffer.ts'
import { askerOf } from '../../caller.ts'
import { hasResourcePolicy, refusedByResourcePolicy } from '../aws/resource-policy/refusal.ts'
import type { Call } from './route.ts'
import { operatorOf } from './route.ts'

/**
 * What dialects keep with a secret is changed as a whole here, its resource policy with it: that takes
 * what an AWS client needs for that. Audited. @throws CofferError `denied`
 */
export async function refuseOtherPolicy(
  call: Call<unknown, unknown>,
  path: string,
  { dialects }: Pick<MetadataChange, 'dialects'>,
): Promise<void> {
  if (dialects === undefined) return
  const { server, request, session } = call
  const platform = server.gate.platform()
  const record = await platform.peek(canonicalPath(path))
  if (record === undefined || !hasResourcePolicy(record)) return
  if (dialects?.['aws']?.['policy'] === record.dialects?.['aws']?.['policy']) return
  const isRefused = OPERATIONS.some((operation) => {
    const asker = askerOf(server, request, session.actor, { operation })
    return refusedByResourcePolicy(asker, record, 'update')
  })
  if (!isRefused) return
  const failure = new CofferError(
    'denied',
    'The resource policy of the secret forbids to change it.',
  )
  await platform.permit(operatorOf(call), 'update', record.path, 'update', failure)
}

const OPERATIONS = ['PutResourcePolicy', 'DeleteResourcePolicy']
