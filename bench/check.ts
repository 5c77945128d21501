/**
 * `coffer check` as a whole process from the built package, on a manifest of 1 000 secrets in a local
 * store, over `node -e 0`, in turn: with values, and with two overlays and a hundred files of code.
 */
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { initPlatform, localActor, openPlatform } from '../src/compose.ts'
import { median } from './measure.ts'
import type { Row } from './measure.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const COFFER = join(ROOT, 'bin/coffer.js')
const SECRETS = 1_000
const FILES = 100
const ROUNDS = 11
const REACH_MS = 300

export async function measure(): Promise<Row[]> {
  const dir = await mkdtemp(join(tmpdir(), 'coffer-bench-'))
  try {
    const env = {
      PATH: process.env['PATH'],
      HOME: dir,
      COFFER_DATA_DIR: join(dir, 'data'),
      COFFER_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
    }
    await fill(env)
    const project = await writeProject(dir)
    const times: Record<'node' | 'check', number[]> = { node: [], check: [] }
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [name, args] of [
        ['node', ['-e', '0']],
        ['check', [COFFER, 'check', '--env', 'prod']],
      ] as const) {
        const start = performance.now()
        const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: project, env })
        if (status !== 0)
          throw new Error(`${name} (${status}): ${`${stdout}${stderr}`.slice(0, 500)}`)
        if (round > 0) times[name].push(performance.now() - start)
      }
    }
    const overMs = median(times.check) - median(times.node)
    return [
      {
        what: `coffer check, ${SECRETS} declared secrets, local store, over node -e 0`,
        measured: `+${overMs.toFixed(0)} ms`,
        reach: `<= +${REACH_MS} ms`,
        ok: overMs <= REACH_MS,
      },
    ]
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

const nameOf = (n: number): string => `service-${n % 20}/key-${n}`

async function fill(env: Readonly<Record<string, string | undefined>>): Promise<void> {
  const options = { dataDir: env['COFFER_DATA_DIR'] ?? '', env }
  await initPlatform({ ...options, admin: localActor() })
  const platform = await openPlatform(options)
  await platform.as(localActor()).writeMany(
    Array.from({ length: SECRETS }, (_, n) => ({
      path: `shop/prod/${nameOf(n)}`,
      input: { value: `value-${n}-${'x'.repeat(20)}`, type: { name: 'apiKey' as const } },
    })),
  )
  await platform.close()
}

async function writeProject(dir: string): Promise<string> {
  const project = join(dir, 'project')
  for (const folder of ['.git', 'config', 'src']) {
    await mkdir(join(project, folder), { recursive: true })
  }
  const secrets = Array.from(
    { length: SECRETS },
    (_, n) =>
      `  ${nameOf(n)}:\n    type: apiKey\n    owner: team-${n % 7}@example.com\n    rotate: { every: 60d }\n    usedBy: [api]\n`,
  )
  const manifest = `project: shop\nenvironments: [staging, prod]\nsecrets:\n${secrets.join('')}`
  await writeFile(join(project, 'coffer.yaml'), manifest)
  for (const name of ['default', 'prod']) {
    const overlay = Array.from({ length: 50 }, (_, n) => `setting${n}: value of ${n}\n`)
    await writeFile(join(project, `config/${name}.yaml`), overlay.join(''))
  }
  for (let n = 0; n < FILES; n++) {
    const lines = Array.from({ length: 100 }, (_, i) => `export const value${i} = ${i} // ${n}\n`)
    const code = `import { secretRef } from 'coffer'\nexport const key = secretRef('${nameOf(n)}')\n`
    await writeFile(join(project, `src/file-${n}.ts`), code + lines.join(''))
  }
  return project
}
