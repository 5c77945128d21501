/**
 * Whole processes from the built package: `coffer run -- true` with 20 local references, and a
 * program that imports the library and loads 50, each over `node -e 0`, in turn. Peers are shown
 * beside it where they are installed (`npm install --no-save @dotenvx/dotenvx varlock`).
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Row } from './measure.ts'
import { median } from './measure.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const COFFER = join(ROOT, 'bin/coffer.js')
const ROUNDS = 25

export async function measure(): Promise<Row[]> {
  const dir = await mkdtemp(join(tmpdir(), 'coffer-bench-'))
  try {
    const env = {
      PATH: process.env['PATH'],
      HOME: dir,
      COFFER_DATA_DIR: join(dir, 'data'),
      COFFER_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
    }
    const node = (...args: string[]) => run(process.execPath, args, dir, env)
    node(COFFER, 'init')
    await writeFile(join(dir, 'twenty.env'), lines(20))
    await writeFile(join(dir, 'fifty.env'), lines(50))
    node(COFFER, 'import', 'twenty.env', '--prefix', 'shop/dev/twenty')
    node(COFFER, 'import', 'fifty.env', '--prefix', 'shop/dev/fifty')
    const program = join(dir, 'program.mjs')
    await writeFile(program, PROGRAM.replace('COFFER_ENTRY', join(ROOT, 'dist/index.js')))

    const compiled = join(dir, 'compiled')
    const times = inTurn({
      node: () => node('-e', '0'),
      run: () => node(COFFER, 'run', '--prefix', 'shop/dev/twenty', '--', 'true'),
      library: () => node(program),
      kept: () => run(process.execPath, [program], dir, { ...env, NODE_COMPILE_CACHE: compiled }),
      ...peers(dir, env),
    })
    const over = (name: string) => (times.get(name) ?? NaN) - (times.get('node') ?? NaN)
    const rows: Row[] = [
      startRow('coffer run -- true, 20 local references, environment-key seal', over('run'), 35),
      startRow('library: import + load of 50 local references', over('library'), 25),
      {
        what: 'for comparison: the same with NODE_COMPILE_CACHE, which an application may set',
        measured: `+${over('kept').toFixed(1)} ms`,
        reach: 'shown',
        ok: true,
      },
    ]
    for (const name of ['dotenvx', 'varlock']) {
      if (!times.has(name)) continue
      rows.push({
        what: `for comparison: ${name} run -- true, 20 values`,
        measured: `+${over(name).toFixed(0)} ms`,
        reach: 'shown',
        ok: true,
      })
    }
    return rows
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

const PROGRAM = `
import { defineConfig, openCoffer, secretRef } from 'COFFER_ENTRY'
const refs = Object.fromEntries(Array.from({ length: 50 }, (_, i) => ['k' + i, secretRef('value-' + i)]))
const coffer = await openCoffer()
const config = await defineConfig(refs, { prefix: 'shop/dev/fifty' }).load({ coffer })
if (config.k49.reveal() !== 'secret-49') throw new Error('wrong value')
process.exit(0)
`

const lines = (count: number): string =>
  Array.from({ length: count }, (_, i) => `VALUE_${i}=secret-${i}\n`).join('')

const startRow = (what: string, overMs: number, reachMs: number): Row => ({
  what: `${what}, over node -e 0`,
  measured: `+${overMs.toFixed(1)} ms`,
  reach: `<= +${reachMs} ms`,
  ok: overMs <= reachMs,
})

type Env = Record<string, string | undefined>

function run(command: string, args: readonly string[], cwd: string, env: Env): void {
  const { status, stderr } = spawnSync(command, args, {
    cwd,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr.toString()}`)
}

/** Median milliseconds by name, after one round that is not counted. */
function inTurn(works: Record<string, () => void>): Map<string, number> {
  const all = new Map<string, number[]>()
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, work] of Object.entries(works)) {
      const start = performance.now()
      work()
      if (round > 0) all.set(name, [...(all.get(name) ?? []), performance.now() - start])
    }
  }
  return new Map([...all].map(([name, times]) => [name, median(times)]))
}

function peers(dir: string, env: Env): Record<string, () => void> {
  const bin = (name: string) => join(ROOT, 'node_modules/.bin', name)
  const works: Record<string, () => void> = {}
  if (existsSync(bin('dotenvx'))) {
    run(bin('dotenvx'), ['encrypt', '-f', 'twenty.env'], dir, env)
    works['dotenvx'] = () =>
      run(bin('dotenvx'), ['run', '-q', '-f', 'twenty.env', '--', 'true'], dir, env)
  }
  if (existsSync(bin('varlock'))) {
    spawnSync('cp', ['twenty.env', '.env.schema'], { cwd: dir })
    works['varlock'] = () => run(bin('varlock'), ['run', '--', 'true'], dir, env)
  }
  return works
}
