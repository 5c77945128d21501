import { spawn } from 'node:child_process'
import type { RotationFunction } from './functions.ts'

/** What a rotation function is called with; the words are AWS's. */
export interface RotationEvent {
  readonly Step: (typeof STEPS)[number]
  readonly SecretId: string
  readonly ClientRequestToken: string
  readonly RotationToken: string
}

export const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const

/** One step of a rotation may take as long as a Lambda function. */
const STEP_TIMEOUT_MS = 900_000
const ANSWER_BYTES_MAX = 1_048_576

/** Resolves when the step succeeded. Its answer is not looked at but for an error. */
export async function invoke(
  target: RotationFunction,
  event: RotationEvent,
  signal: AbortSignal,
): Promise<void> {
  const either = AbortSignal.any([signal, AbortSignal.timeout(STEP_TIMEOUT_MS)])
  if (target.kind === 'url') return call(target.url, event, either)
  return run(target.command, event, either)
}

async function call(url: string, event: RotationEvent, signal: AbortSignal): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(event),
    redirect: 'error',
    signal,
  })
  let answer = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) {
    answer += decoder.decode(chunk, { stream: true })
    if (answer.length > ANSWER_BYTES_MAX) throw new Error('The function answered too much.')
  }
  // A Lambda runtime answers 200 with an error in its body, or in this header.
  if (!response.ok || response.headers.has('x-amz-function-error') || isError(answer)) {
    throw new Error(`The function failed at ${event.Step} (HTTP ${response.status}).`)
  }
}

function isError(answer: string): boolean {
  try {
    const parsed: unknown = JSON.parse(answer)
    return typeof parsed === 'object' && parsed !== null && 'errorMessage' in parsed
  } catch {
    return false
  }
}

/** The event is on its standard input; it succeeds when it exits with 0. */
function run(
  [program = '', ...args]: readonly string[],
  event: RotationEvent,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
      signal,
    })
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`The command failed at ${event.Step} (exit code ${code}).`))
    })
    child.stdin.on('error', () => {})
    child.stdin.end(`${JSON.stringify(event)}\n`)
  })
}
