import { CofferError } from '../../core/errors.ts'
import type { Destination } from '../../core/ports/destination.ts'
import { createRest } from '../net/rest.ts'
import type { RestService } from '../net/rest.ts'
import { restBase, restToken } from '../net/rest-base.ts'
import type { DestinationContext } from './context.ts'
import { applyChanges, isTaken } from './vercel/changes.ts'
import { placeOf } from './vercel/place.ts'
import { listVariables, scopeOf } from './vercel/variables.ts'

/**
 * Environment variables of one environment of a Vercel project, of the type `sensitive`: nobody reads
 * them back. Whose they are stands in their comment.
 *
 * Token: VERCEL_TOKEN. Another address, VERCEL_API_URL, is never an option; its host is then part of
 * the id.
 */
export function vercel(context: DestinationContext): Destination {
  const place = placeOf(context)
  const { base, host } = restBase('https://api.vercel.com', 'VERCEL_API_URL', context.env)
  const service = serviceOf(base)
  const token = () => restToken('Vercel', ['VERCEL_TOKEN'], context.env)
  const rest = createRest({ ...service, token })
  const { redeploy } = place
  const deploy =
    (variable: string): Destination['finish'] =>
    async ({ signal }) => {
      await createRest(service)({
        method: 'POST',
        path: hookOf(variable, context.env[variable], base),
        repeatable: false,
        what: `to deploy ${place.name} by the hook in ${variable}`,
        signal,
      })
    }
  return {
    kind: 'vercel',
    id: `vercel:${host === undefined ? '' : `${host}/`}${place.name}`,
    readable: false,
    marks: true,
    batchMax: 50,
    limits: {
      name: NAME,
      valueBytesMax: 65_536,
      totalBytesMax: 65_536,
      entriesMax: 1_000,
      textOnly: true,
    },
    async list({ signal }) {
      const found = await listVariables(rest, place, await scopeOf(rest, place, signal), signal)
      return Array.from(found.values(), ({ entry }) => entry)
    },
    async apply(delivery, changes) {
      if (changes.length === 0) return []
      try {
        const scope = await scopeOf(rest, place, delivery.signal)
        return await applyChanges(rest, place, scope, delivery, changes)
      } catch (error) {
        return changes.map(() => ({ done: false, error }))
      }
    },
    ...(redeploy === undefined ? {} : { finish: deploy(redeploy) }),
  }
}

/** https://vercel.com/docs/environment-variables/reserved-environment-variables */
const RESERVED = [
  'AWS_SECRET_KEY',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'NOW_REGION',
  'TZ',
  'LAMBDA_TASK_ROOT',
  'LAMBDA_RUNTIME_DIR',
]

const NAME = {
  pattern: new RegExp(`^(?!(?:${RESERVED.join('|')})$)[A-Za-z_][A-Za-z0-9_]*$`),
  says: 'letters, digits and _, no digit first, and none that Vercel reserves',
  charsMax: 256,
} as const

const serviceOf = (base: string): RestService => ({
  name: 'Vercel',
  base,
  credential: 'VERCEL_TOKEN',
  rights: 'The token needs a scope that holds the project; name its team with the option team.',
  headers: {},
  meaning: (status, document) => {
    const error = (document as { error?: Record<string, unknown> } | null | undefined)?.error
    if (error?.['invalidToken'] === true) return { code: 'unauthenticated' }
    if (status === 402) return { code: 'denied', remedy: 'The plan of the team does not hold it.' }
    return isTaken(error?.['code']) ? { code: 'conflict' } : undefined
  },
})

/** Where the hook is, below the API: who has its URL may deploy, so nobody else is told it. */
function hookOf(variable: string, url: string | undefined, base: string): string {
  if (url?.startsWith(`${base}/`) === true && URL.canParse(url)) return url.slice(base.length)
  throw new CofferError('invalid_config', `${variable} holds no URL of a deploy hook at Vercel.`, {
    remedy: `Copy the hook from the settings of the project; it begins with ${base}.`,
  })
}
