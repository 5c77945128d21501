import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const COMPOSE = JSON.stringify(fileURLToPath(new URL('../../src/compose.ts', import.meta.url)))

/** A process that runs `work` with what it names of the composition: it says `go` before, `done` after. */
function start(names: string, work: string, env: Record<string, string>) {
  const code = `
    import { ${names} } from ${COMPOSE}
    import { writeSync } from 'node:fs'
    writeSync(1, 'go')
    ${work}
    writeSync(1, 'done')`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', code], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [out, errors] = ['', '']
  child.stdout.on('data', (text) => (out += String(text)))
  child.stderr.on('data', (text) => (errors += String(text)))
  const over = once(child, 'close').then(([exit]) => exit as number | null)
  return { child, over, out: () => out, errors: () => errors }
}

/** Makes a store. */
export const startInit = (env: Record<string, string>, dataDir: string) =>
  start('initPlatform', `await initPlatform({ admin: 'local:admin' })`, {
    ...env,
    COFFER_DATA_DIR: dataDir,
  })

/** Restores a backup. */
export const startRestore = (
  env: Record<string, string>,
  dataDir: string,
  file: string,
  identity: string,
) =>
  start(
    'restorePlatform',
    `await restorePlatform(process.env.FILE, {
      actor: 'local:admin',
      identities: [process.env.IDENTITY],
    })`,
    { ...env, COFFER_DATA_DIR: dataDir, FILE: file, IDENTITY: identity },
  )
