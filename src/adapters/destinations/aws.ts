import type { Destination } from '../../core/ports/destination.ts'
import { isAwsRegion } from '../net/aws-region.ts'
import { several } from '../net/several.ts'
import { attempted } from './attempt.ts'
import { changerOf } from './aws/change.ts'
import { openRegion } from './aws/region.ts'
import type { DestinationFactory } from './context.ts'
import { readOptions } from './options.ts'

/**
 * Secrets of AWS Secrets Manager in one region, by the official client and with its chain of
 * credentials. An entry's name is the secret's, below the option `prefix`.
 *
 * Which account: that of the credentials; with the option `account` no other. A profile or an
 * endpoint is never an option: a manifest could name another account by it, or another host.
 */
export const aws: DestinationFactory = async (context) => {
  const options = readOptions('aws', context, OPTIONS)
  const { refuse } = options
  const account = options.text('account')
  if (account !== undefined && !/^\d{12}$/.test(account)) throw refuse('account', 'has 12 digits')
  const prefix = options.text('prefix')?.replace(/^\/*/, '/').replace(/\/+$/, '') ?? ''
  if (!NAME.pattern.test(prefix || '/') || prefix.length > 256) {
    throw refuse('prefix', `has ${NAME.says}, at most 256`)
  }
  const recoveryDays = Number(options.text('recoveryDays') ?? 30)
  if (!Number.isInteger(recoveryDays) || recoveryDays < 7 || recoveryDays > 30) {
    throw refuse('recoveryDays', 'is a number from 7 to 30')
  }
  const named = options.text('region')
  if (named !== undefined && !isAwsRegion(named)) throw refuse('region', 'is one, as eu-central-1')
  const region = await openRegion(context.env, {
    region: named,
    account,
  })
  const changer = changerOf(region, {
    prefix: prefix === '' ? '' : `${prefix}/`,
    kmsKeyId: options.text('kmsKeyId'),
    recoveryDays,
  })
  return {
    kind: 'aws',
    id: `aws:${[...region.place, prefix.slice(1)].filter((part) => part !== '').join('/')}`,
    readable: true,
    marks: true,
    batchMax: 40,
    limits: {
      name: { ...NAME, charsMax: 512 - prefix.length - 1 },
      valueBytesMax: 65_536,
      textOnly: false,
    },
    async list(delivery, names) {
      delivery.signal.throwIfAborted()
      const found = await several(names, LOOKS_AT_ONCE, async (name) => {
        try {
          return await changer.find(name, delivery.signal)
        } catch (error) {
          return { error }
        }
      })
      const failed = found.find((one) => one !== undefined && 'error' in one)
      if (failed !== undefined) throw failed.error
      return found.flatMap((one) => (one === undefined || 'error' in one ? [] : (one.entry ?? [])))
    },
    apply: (delivery, changes) =>
      several(changes, CHANGES_AT_ONCE, (change) =>
        attempted(delivery.signal, () => changer.change(change, delivery)),
      ),
    close: async () => region.close(),
  } satisfies Destination
}

const OPTIONS = ['region', 'account', 'prefix', 'kmsKeyId', 'recoveryDays']
const LOOKS_AT_ONCE = 8
/** AWS allows 50 of a kind each second, for all of an account. */
const CHANGES_AT_ONCE = 4
/** Names that are paths of a file system have no place in one: `.` and `..` are refused. */
const NAME = {
  pattern: /^(?!(?:.*\/)?\.{1,2}(?:\/|$))[A-Za-z0-9/_+=.@-]+$/,
  says: 'letters, digits and / _ + = . @ -, without the segments . and ..',
} as const
