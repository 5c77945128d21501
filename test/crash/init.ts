import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const INIT = `
  import { initPlatform } from ${JSON.stringify(fileURLToPath(new URL('../../src/compose.ts', import.meta.url)))}
  import { writeSync } from 'node:fs'
  writeSync(1, 'go')
  await initPlatform({ dataDir: process.env.COFFER_DATA_DIR, admin: 'local:admin' })
  writeSync(1, 'done')
`

/** A process that makes a store: it says `go` before, `done` after. */
export function startInit(env: Record<string, string>, dataDir: string) {
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', INIT], {
    env: { ...env, COFFER_DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [out, errors] = ['', '']
  child.stdout.on('data', (text) => (out += String(text)))
  child.stderr.on('data', (text) => (errors += String(text)))
  const over = once(child, 'close').then(([code]) => code as number | null)
  return { child, over, out: () => out, errors: () => errors }
}
