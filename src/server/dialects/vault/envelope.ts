import type { VaultAnswer } from './route.ts'

/** An answer as bytes on the wire: status and JSON text; no text for 204. */
export interface Reply {
  readonly status: number
  readonly text: string
}

type Enveloped = Extract<VaultAnswer, { readonly data?: unknown }>

/**
 * What every answer of Vault is put in. Members are always there, null where there is nothing. The
 * text is put together by hand: a read's value is JSON text already, and is not parsed again.
 */
export function replyOf(answer: VaultAnswer, requestId: string, mountType: string): Reply {
  if (answer === undefined) return NO_CONTENT
  if (answer === 'absent') return ABSENT
  if ('raw' in answer) return { status: answer.status ?? 200, text: JSON.stringify(answer.raw) }
  const { status = 200 } = answer
  return { status, text: enveloped(answer, requestId, mountType) }
}

/** `{"errors":[…]}`, the whole of what a refusal says. */
export const refusalText = (errors: readonly string[]): string => JSON.stringify({ errors })

const NO_CONTENT: Reply = { status: 204, text: '' }
const ABSENT: Reply = { status: 404, text: refusalText([]) }

function enveloped(answer: Enveloped, requestId: string, mountType: string): string {
  const { auth, warnings, leaseSeconds = 0 } = answer
  const data = answer.dataText ?? (answer.data === undefined ? 'null' : JSON.stringify(answer.data))
  return (
    `{"request_id":"${requestId}","lease_id":"","renewable":false,` +
    `"lease_duration":${leaseSeconds},"data":${data},"wrap_info":null,` +
    `"warnings":${warnings === undefined ? 'null' : JSON.stringify(warnings)},` +
    `"auth":${auth === undefined ? 'null' : JSON.stringify(auth)},` +
    `"mount_type":${JSON.stringify(mountType)}${injected(answer)}}`
  )
}

/** The members of `data` once more, as some of `sys/*` have them at the top level as well. */
function injected({ injected: wanted, data }: Enveloped): string {
  if (wanted === undefined || data === undefined || data === null) return ''
  const members = JSON.stringify(data).slice(1, -1)
  return members === '' ? '' : `,${members}`
}
