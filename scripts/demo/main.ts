// `npm start`: an application's .env becomes typed, audited, rotatable secrets. Every line below a
// command is what that command printed; the work is done in a temporary directory.
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import path from 'node:path'
import { startShop } from './shop.ts'
import { terminalIn } from './terminal.ts'
import { copyExample } from './workspace.ts'

const workspace = copyExample('shop')
try {
  await play()
} catch (error) {
  console.error(`the demo stopped: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
} finally {
  workspace.remove()
}

async function play(): Promise<void> {
  const terminal = terminalIn(workspace)
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
  const shop = await startShop(terminal)
  try {
    const session = await shop.login('ada')
    await shop.show(session)
    run(
      'coffer',
      'update',
      'shop/dev/api/session-key',
      '--type',
      'password',
      '--rotate-every',
      '30d',
    )
    run('coffer', 'rotate', 'shop/dev/api/session-key')
    say(`picked up ${await shop.rotated()} ms later, without a restart:`)
    await shop.show(session)
    await shop.show(await shop.login('grace'))
    run('coffer', 'history', 'shop/dev/api/session-key')
  } finally {
    shop.child.kill('SIGTERM')
    if (shop.child.exitCode === null) await once(shop.child, 'exit')
  }

  section('5. Who can read it, and what was done')
  run('coffer', 'policy', 'who', 'shop/dev/api/database-url')
  run('coffer', 'audit', 'tail', '--limit', '50')
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  say(`all of this took ${seconds} s; its directory is removed\n`)
  terminal.conclude('coffer', 'audit', 'verify')
}
