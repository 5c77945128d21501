// `npm start`: an application's .env becomes typed, audited, rotatable secrets, at home and at a
// server. Every line below a command is what that command printed; the work is done in a temporary
// directory. It ends with the server running; with `--once` it ends.
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import path from 'node:path'
import { styleText } from 'node:util'
import { startDemoServer } from './server.ts'
import type { DemoServer } from './server.ts'
import { startShop } from './shop.ts'
import type { Shop } from './shop.ts'
import { terminalIn } from './terminal.ts'
import { copyExample } from './workspace.ts'

const workspace = copyExample('shop')
const terminal = terminalIn(workspace)
const stays = !process.argv.includes('--once')
const interrupted = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
const running: { stop(): Promise<void> }[] = []
try {
  await Promise.race([play(), interrupted])
} catch (error) {
  console.error(`the demo stopped: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
} finally {
  for (const each of running.toReversed()) await each.stop()
  workspace.remove()
}

async function play(): Promise<void> {
  const { section, run, say } = terminal
  const began = performance.now()

  section('1. A store, and the .env of a small application in it')
  run('coffer', 'init')
  run('coffer', 'import', '.env', '--prefix', 'shop/dev/api')
  rmSync(path.join(workspace.dir, '.env'))
  say('$ rm .env')
  run('coffer', 'list', 'shop/dev')

  section('2. Everything it needs is there, before anything is started')
  run('coffer', 'check')

  section('3. The same application, unchanged, with its variables from the store')
  run('coffer', 'run', '--', 'node', 'report.ts')

  section('4. With the library: typed, and rotated while it runs')
  run('coffer', 'update', 'shop/dev/api/session-key', '--type', 'password', '--rotate-every', '30d')
  const local = begun(await startShop(terminal))
  await rotateUnder(local)
  run('coffer', 'history', 'shop/dev/api/session-key')
  await local.stop()

  section('5. The same application, without key and store: it reads through a server')
  const server = begun(await startDemoServer(terminal, workspace))
  const shop = begun(await startShop(terminal, server.env))
  await rotateUnder(shop)

  section('6. Who can read it, and what was done')
  run('coffer', 'policy', 'who', 'shop/dev/api/database-url')
  run('coffer', 'audit', 'tail', '--limit', '50')
  if (!stays) {
    await shop.stop()
    await server.stop()
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  say(`all of this took ${seconds} s${stays ? '' : '; its directory is removed'}\n`)
  terminal.conclude('coffer', 'audit', 'verify')
  if (stays) await stay(server, shop)
}

/** Sessions signed before a rotation stay good, without a restart. */
async function rotateUnder(shop: Shop): Promise<void> {
  const session = await shop.login('ada')
  await shop.show(session)
  terminal.run('coffer', 'rotate', 'shop/dev/api/session-key')
  terminal.say(`picked up ${await shop.rotated()} ms later, without a restart:`)
  await shop.show(session)
  await shop.show(await shop.login('grace'))
}

/** Until somebody ends it: the addresses, and lines to copy. */
async function stay({ url, env }: DemoServer, shop: Shop): Promise<void> {
  const { COFFER_CACERT: ca = '', COFFER_TOKEN: token = '' } = env
  console.log(`
${styleText('bold', `The server runs at ${url}`)}, and the application at ${shop.url}/login/ada.
In another terminal:

  curl --cacert ${ca} -H 'Authorization: Bearer ${token}' \\
    ${url}/api/v1/secrets/shop/dev/api/database-url

Ctrl-C ends both and removes their directory.`)
  await interrupted
}

function begun<T extends { stop(): Promise<void> }>(made: T): T {
  running.push(made)
  return made
}
