import { CofferError, ERRORS, isCofferError } from '../../../core/errors.ts'
import type { ErrorCode } from '../../../core/errors.ts'
import { withHeard } from './absences.ts'
import type { Absence } from './absences.ts'
import type { RemoteService } from '../guarded.ts'
import type { Ambient } from './ambient.ts'
import { errorOf, isPassing, retryAfterMs } from './attempts.ts'
import type { Heard } from './attempts.ts'
import { answered, enter, failed, FRESH_MS, isBreakerCode, isLooping, later } from './breaker.ts'
import type { BreakerCode, BreakerState } from './breaker.ts'
import type { Lane } from './lane.ts'
import type { Known, Memory } from './memory.ts'

/** Leave to make one call: to be given back with what it came to. */
export interface Pass {
  /** Who asks first for all others, and what the breaker was before. */
  readonly probe?: { readonly before: BreakerState | undefined } | undefined
  /** Where it should be fewer than usual. */
  readonly retriesMax?: number | undefined
}

export interface Gate {
  /** How often this process found the place failing, and with what the last time. */
  seen(): { readonly opened: number; readonly error: unknown }
  /** `error`: what stands for the call while the place is not to be asked. */
  admit(signal: AbortSignal): Promise<Pass | { readonly error: unknown }>
  /** `keys`: hashes of the references, in the order of the answers. */
  learn(pass: Pass, heard: Heard, keys: readonly string[]): Promise<void>
}

type Named = { readonly title: string } & Pick<RemoteService, 'login'>

/** Lets calls through as the breaker says, and tells it, and who starts after us, what was heard. */
export function gateOf(place: Named, lane: Lane, memory: Memory, world: Ambient): Gate {
  const { now, random, sleep } = world
  let closedAt = -Infinity
  let opened = 0
  let error: unknown
  return {
    seen: () => ({ opened, error }),
    async admit(signal) {
      if (lane.isProven()) return {}
      while (!signal.aborted) {
        const { breaker } = memory.read()
        const verdict = enter(breaker, now(), random())
        if (verdict.kind === 'go') return {}
        if (verdict.kind === 'refuse') return { error: refusal(place, verdict, memory.file, now()) }
        if (verdict.kind === 'probe') {
          const probe = await takeProbe(memory, world, signal)
          if (probe !== undefined) {
            return isLooping(probe.before) ? { probe, retriesMax: 0 } : { probe }
          }
        } else await sleep(LOOK_AGAIN_MS * (1 + random()), signal)
      }
      return { error: signal.reason as unknown }
    },
    async learn(pass, heard, keys) {
      const found = judge(heard)
      if (found.kind === 'answered') lane.prove()
      const opens = found.kind === 'failed' && (lane.disprove() || found.refused)
      if (opens) {
        opened++
        error = found.error
      }
      const absences = new Map(keys.map((key, i) => [key, absenceOf(heard.answers[i])] as const))
      const closes = found.kind === 'answered' && (pass.probe || now() - closedAt > FRESH_MS / 2)
      if (closes) closedAt = now()
      const step = (known: Known): Known => {
        const next = { ...known }
        if (closes) next.breaker = answered(now())
        else if (found.kind === 'failed' && opens) {
          const before = pass.probe === undefined ? known.breaker : pass.probe.before
          const open = failed(before, found.code, now(), random(), found.retryAfterMs)
          next.breaker = later({ ...open, ...(found.as && { as: found.as }) }, known.breaker)
        } else if (pass.probe !== undefined) next.breaker = pass.probe.before
        if (found.kind === 'answered' && matters(known, absences)) {
          next.absences = withHeard(known.absences, absences, now())
        }
        const same = next.breaker === known.breaker && next.absences === known.absences
        return same ? known : next
      }
      // Also after the caller gave up: it is what the next one goes by.
      await memory.change(step, NEVER)
    },
  }
}

const LOOK_AGAIN_MS = 20
const NEVER = new AbortController().signal

type Found =
  | { readonly kind: 'answered' }
  | {
      readonly kind: 'failed'
      readonly code: BreakerCode
      readonly as?: ErrorCode
      /** The credential itself was: nothing else need be tried. */
      readonly refused: boolean
      readonly retryAfterMs: number
      readonly error: CofferError
    }
  /** It says nothing of the place. */
  | { readonly kind: 'nothing' }

function judge({ answers, thrown }: Heard): Found {
  const isOfAll = [isPassing, isUnknown].some((is) => answers.every((one) => is(errorOf(one))))
  const error = thrown ?? (isOfAll ? errorOf(answers[0]) : undefined)
  if (error === undefined) return { kind: 'answered' }
  if (!(error instanceof CofferError) || LOCAL.includes(error.code)) return { kind: 'nothing' }
  const code = isBreakerCode(error.code) ? error.code : 'unavailable'
  const refused = code === 'unauthenticated' || code === 'denied'
  const as = code === error.code ? {} : { as: error.code }
  return { kind: 'failed', code, ...as, refused, retryAfterMs: retryAfterMs(error), error }
}

const isUnknown = (error: unknown) => isCofferError(error, 'unauthenticated')

/** Of these nothing was sent. */
const LOCAL: readonly ErrorCode[] = [
  'cancelled',
  'invalid_argument',
  'invalid_config',
  'invalid_reference',
  'missing_dependency',
  'internal',
]

async function takeProbe(memory: Memory, { now, random }: Ambient, signal: AbortSignal) {
  let probe: Pass['probe']
  await memory.change((known) => {
    const verdict = enter(known.breaker, now(), random())
    if (verdict.kind !== 'probe') return known
    probe = { before: known.breaker }
    return { ...known, breaker: verdict.next }
  }, signal)
  return probe
}

const absenceOf = (answer: Heard['answers'][number] | undefined): Absence['code'] | undefined => {
  if (answer === undefined) return undefined
  if ('value' in answer) return answer.value === undefined ? 'not_found' : undefined
  return isCofferError(answer.error, 'denied') ? 'denied' : undefined
}

const matters = (
  { absences }: Known,
  heard: ReadonlyMap<string, Absence['code'] | undefined>,
): boolean => [...heard].some(([key, code]) => code !== undefined || Object.hasOwn(absences, key))

function refusal(
  { title, login }: Named,
  { code, until }: { readonly code: ErrorCode; readonly until: number },
  file: string | undefined,
  now: number,
): CofferError {
  const at = new Date(until).toISOString().slice(11, 19)
  const why = isBreakerCode(code) ? WHY[code] : `answered ${code} a moment ago`
  const usual = isBreakerCode(code) ? REMEDY[code] : ERRORS[code].remedy
  const remedy = code === 'unauthenticated' && login !== undefined ? afterLogin(login) : usual
  return new CofferError(code, `${title} ${why}; it is not asked again before ${at} UTC.`, {
    remedy: `${remedy}${file === undefined ? '' : ` To ask at once, delete ${file}.`}`,
    details: { retryAfterMs: Math.max(1, until - now), ...(file === undefined ? {} : { file }) },
  })
}

const WHY: Readonly<Record<BreakerCode, string>> = {
  unauthenticated: 'refused this credential a moment ago',
  denied: 'denied this account a moment ago',
  throttled: 'asked for fewer calls a moment ago',
  unavailable: 'could not be reached a moment ago',
  timeout: 'did not answer in time a moment ago',
}

const REFUSED = 'Correct the credential: another one is asked with at once.'
const afterLogin = (login: string) =>
  `Log in with ${login}, or correct the credential: another one is asked with at once.`
const WAIT = 'Check that it is reachable, then start again.'
const REMEDY: Readonly<Record<BreakerCode, string>> = {
  unauthenticated: REFUSED,
  denied: 'Allow it there, or use another credential: that is asked with at once.',
  throttled: 'Start again later, or ask for a higher quota there.',
  unavailable: WAIT,
  timeout: WAIT,
}
