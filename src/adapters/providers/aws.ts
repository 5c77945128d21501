import { CofferError } from '../../core/errors.ts'
import type { Provider } from '../../core/ports/provider.ts'
import { isAwsRegion } from '../net/aws-region.ts'
import { GUARD_OPTIONS, guarded } from '../net/guarded.ts'
import { address, checkConsent } from './consent.ts'
import { checkOptions } from './context.ts'
import type { ProviderContext } from './context.ts'
import { openedLater } from './opened.ts'

/**
 * AWS Secrets Manager, by its official client and with its chain of credentials. Options: `region`,
 * `profile`, `endpoint`; else what the client finds itself, and `AWS_DEFAULT_REGION`.
 *
 * The key is a secret's name or ARN; an ARN is asked for in its own region. Labels `current`,
 * `previous` and `pending` are AWSCURRENT, AWSPREVIOUS and AWSPENDING, others are staging labels as
 * they are; `id:…` is the id of a version. Text comes as text and SecretBinary as bytes.
 *
 * Needs `secretsmanager:GetSecretValue` on each secret; with `secretsmanager:BatchGetSecretValue`
 * twenty come in one call.
 */
export function aws(context: ProviderContext): Provider {
  checkOptions('aws', context.options, ['region', 'profile', 'endpoint', ...GUARD_OPTIONS])
  const { env, options } = context
  if (options.region !== undefined && !isAwsRegion(options.region)) {
    throw new CofferError('invalid_argument', 'The option region of the provider aws is none.', {
      remedy: 'Write it as AWS does: eu-central-1.',
    })
  }
  const own = env.AWS_ENDPOINT_URL_SECRETS_MANAGER ?? env.AWS_ENDPOINT_URL
  checkConsent(context, address(options.endpoint, own))
  const about = {
    kind: 'aws',
    title: 'AWS Secrets Manager',
    login: '`aws sso login`',
    batchMax: 20,
  }
  const open = async () => (await import('./aws/service.ts')).openAws(context)
  return guarded(openedLater(about, open), context)
}
