/**
 * Providers over a network: 200 references at 20 ms latency, in batches and one by one, through the
 * library and the adapters themselves; and a program, from the built package, that starts again and
 * again with a token that is refused. `BENCH_STARTS` times, each a process.
 */
import { fork, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig, secretRef } from '../src/config/index.ts'
import type { ProviderSpec } from '../src/config/index.ts'
import { median } from './measure.ts'
import type { Row } from './measure.ts'

const LATENCY_MS = 20
const REFERENCES = 200
const ROUNDS = 9
const STARTS = Number(process.env.BENCH_STARTS ?? 1_000)
const STARTS_AT_ONCE = 2

const PROGRAM = `import { defineConfig, secretRef } from 'COFFER_ENTRY'
const config = defineConfig({
  a: secretRef('vault:secret/a'),
  b: secretRef('vault:secret/b'),
  c: secretRef('vault:secret/c'),
})
await config.load().catch((error) => {
  if (error.problems?.[0]?.code !== 'unauthenticated') process.exitCode = 2
})
`

interface Place {
  readonly url: string
  counted(): Promise<{ calls: number; mostActive: number }>
  close(): void
}

export async function measure(): Promise<Row[]> {
  const dir = await mkdtemp(join(tmpdir(), 'coffer-bench-'))
  try {
    return [
      ...(await inProcess(dir, 'aws', 3, 'in batches of 20 (AWS)')),
      ...(await inProcess(dir, 'vault', 12, 'one by one (Vault)')),
      await crashLoop(dir),
    ]
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

async function inProcess(dir: string, kind: string, rounds: number, how: string): Promise<Row[]> {
  const place = await startPlace(false)
  const specs: Record<string, ProviderSpec> = {
    aws: { kind, region: 'eu-west-1', endpoint: place.url },
    vault: { kind, address: place.url, allowHttp: 'true', field: 'value' },
  }
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'AKIABENCH', AWS_SECRET_ACCESS_KEY: 'bench' })
  const processEnv = { ...process.env, VAULT_TOKEN: 'bench', COFFER_STATE_DIR: join(dir, kind) }
  const key = (i: number) => (kind === 'aws' ? `/shop/prod/k${i}` : `secret/k${i}`)
  const shape = Object.fromEntries(
    Array.from({ length: REFERENCES }, (_, i) => [`k${i}`, secretRef(`${kind}:${key(i)}`)]),
  )
  const config = defineConfig(shape)
  const times: number[] = []
  let counted = { calls: 0, mostActive: 0 }
  try {
    for (let round = 0; round <= ROUNDS; round++) {
      // One provider each: its sockets and its SDK are there, as in a program that runs.
      const start = performance.now()
      await config.load({ processEnv, providers: { [kind]: specs[kind]! } })
      if (round > 0) times.push(performance.now() - start)
      counted = await place.counted()
    }
  } finally {
    place.close()
  }
  const ms = median(times)
  const trips = ms / LATENCY_MS
  return [
    {
      what: `${REFERENCES} references at ${LATENCY_MS} ms latency, ${how}`,
      measured: `${ms.toFixed(0)} ms: ${trips.toFixed(1)} round trips (${counted.calls} calls, ${counted.mostActive} at once)`,
      reach: `<= ${rounds} round trips`,
      ok: trips <= rounds,
    },
  ]
}

/** The place is asked by every process that starts, as a scheduler would have it: two at a time. */
async function crashLoop(dir: string): Promise<Row> {
  const place = await startPlace(true)
  const env = {
    PATH: process.env.PATH,
    VAULT_ADDR: place.url,
    VAULT_TOKEN: 'hvs.refused',
    COFFER_STATE_DIR: join(dir, 'crash-loop'),
  }
  const file = join(dir, 'program.mjs')
  const entry = fileURLToPath(new URL('../dist/config.js', import.meta.url))
  await writeFile(file, PROGRAM.replace('COFFER_ENTRY', entry))
  let left = STARTS
  const began = performance.now()
  const loop = async () => {
    while (left-- > 0) {
      const child = spawn(process.execPath, [file], { env, stdio: 'ignore' })
      const code = await new Promise((resolve) => child.on('close', resolve))
      if (code !== 0) throw new Error(`A start ended with ${String(code)}: is the package built?`)
    }
  }
  try {
    await Promise.all(Array.from({ length: STARTS_AT_ONCE }, loop))
    const { calls } = await place.counted()
    const seconds = (performance.now() - began) / 1_000
    return {
      what: `${STARTS.toLocaleString('en')} starts of a program with a refused token`,
      measured: `${calls} calls in ${seconds.toFixed(0)} s`,
      reach: '<= 20 calls',
      ok: calls <= 20 && calls > 0,
    }
  } finally {
    place.close()
  }
}

async function startPlace(refuses: boolean): Promise<Place> {
  const file = fileURLToPath(new URL('./providers/place.ts', import.meta.url))
  const child = fork(file, [String(LATENCY_MS), refuses ? 'refuses' : 'answers'])
  const next = <T>() => new Promise<T>((resolve) => child.once('message', resolve as () => void))
  const url = await next<string>()
  return {
    url,
    counted() {
      const answer = next<{ calls: number; mostActive: number }>()
      child.send('count')
      return answer
    },
    close: () => void child.kill(),
  }
}
