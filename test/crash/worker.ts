import { writeSync } from 'node:fs'
import { openPlatform } from '../../src/compose.ts'
import type { Platform } from '../../src/core/ports/platform.ts'

/**
 * `node worker.ts JOB NAME COUNT SEED`: does work on the store that the environment names until it
 * is done or killed. A line on standard output is an acknowledgement: what it says is done.
 */
const [job = '', name = '', count = '0', seed = '0'] = process.argv.slice(2)
const ADMIN = 'local:admin'
const acknowledge = (line: string) => writeSync(1, `${line}\n`)

const JOBS: Readonly<Record<string, (platform: Platform) => Promise<void>>> = {
  /** New secrets, and new versions of one that all workers share. */
  async write(platform) {
    const coffer = platform.as(ADMIN)
    for (let i = 0; i < Number(count); i++) {
      const path = `crash/${name}/${i}`
      await coffer.write(path, { value: `${name} ${i}` })
      acknowledge(`wrote ${path} ${name} ${i}`)
      if (i % 4 !== 0) continue
      const { version } = await coffer.write('crash/shared', { value: `${name} ${i}` })
      acknowledge(`version ${version} ${name} ${i}`)
    }
  },
  async import(platform) {
    const coffer = platform.as(ADMIN)
    for (let i = 0; i < Number(count); i++) {
      const items = Array.from({ length: 50 }, (_, n) => ({
        path: `import/${name}/${i}/${n}`,
        input: { value: `${name} ${i} ${n}` },
      }))
      await coffer.writeMany(items)
      acknowledge(`imported import/${name}/${i}`)
    }
  },
  async rotate(platform) {
    for (let i = 0; i < Number(count); i++) {
      const { term } = await platform.keys.rotate({ actor: ADMIN })
      acknowledge(`term ${term}`)
    }
  },
  async reseal(platform) {
    for (let i = 0; i < Number(count); i++) {
      await platform.keys.reseal({
        actor: ADMIN,
        seal: 'key-file',
        sealOptions: { file: `${process.env['KEYS']}/${name}-${i}.key` },
      })
      acknowledge(`resealed ${name}-${i}`)
    }
  },
  /** Reads what was there from the beginning: none of it may ever fail. */
  async read(platform) {
    const coffer = platform.as(ADMIN)
    for (let i = 0; i < Number(count); i++) {
      const path = `seed/${(i + Number(seed)) % 40}`
      const value = (await coffer.read({ path }))?.secret.reveal()
      if (value !== `value of ${path}`) throw new Error(`${path} was read as something else.`)
    }
    acknowledge('read all')
  },
}

const platform = await openPlatform()
acknowledge('open')
await JOBS[job]?.(platform)
await platform.close()
acknowledge('closed')
