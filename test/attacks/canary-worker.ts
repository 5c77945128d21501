import { randomBytes } from 'node:crypto'
import { readFileSync, readdirSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { writeHeapSnapshot } from 'node:v8'
import { openPlatform } from '../../src/compose.ts'
import type { Platform } from '../../src/core/ports/platform.ts'
import type { SecretVersion } from '../../src/core/ports/coffer.ts'
import type { TypeSpec } from '../../src/core/types/spec.ts'
import type { SecretValue } from '../../src/core/value.ts'

/**
 * `node --expose-gc canary-worker.ts DIRECTORY`: writes and reads random values in every way, and
 * prints where one of them was found. The canary itself is kept as bytes outside the heap only.
 */
const directory = process.argv[2] ?? ''
const dataDir = process.env['COFFER_DATA_DIR'] ?? ''
const ADMIN = 'local:admin'
const canary = Buffer.allocUnsafeSlow(24)
canary.write(randomBytes(12).toString('hex'), 'latin1')

const found: string[] = []

interface Kind {
  readonly type: TypeSpec
  readonly value: () => SecretValue
}

/** Made where it is used, so that nothing here keeps the text. */
const text = (before = '', after = '') => before + canary.toString('latin1') + after

const KINDS: readonly Kind[] = [
  { type: { name: 'string' }, value: () => text() },
  { type: { name: 'string', pattern: '[a-z]+-[0-9a-f]+' }, value: () => text('value-') },
  { type: { name: 'password', min: 10 }, value: () => text() },
  { type: { name: 'url' }, value: () => text('https://user:', '@host.example/path') },
  { type: { name: 'connectionString' }, value: () => text('postgres://u:', '@db.example/x') },
  { type: { name: 'json' }, value: () => ({ password: text(), nested: { key: text('k') } }) },
  { type: { name: 'binary' }, value: () => Uint8Array.from(canary) },
]

async function collected(): Promise<void> {
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => setImmediate(resolve))
    globalThis.gc?.()
  }
}

/** Looks for each needle in a snapshot of the heap. */
async function look(when: string, needles: Readonly<Record<string, Buffer>>): Promise<void> {
  await collected()
  const file = writeHeapSnapshot(join(directory, `${when.replaceAll(' ', '-')}.heapsnapshot`))
  const snapshot = readFileSync(file)
  rmSync(file)
  if (snapshot.length < 100_000) found.push('the snapshot is too small to be one')
  for (const [name, bytes] of Object.entries(needles)) {
    if (snapshot.includes(bytes)) found.push(`${name} in the heap: ${when}`)
  }
}

async function writeAll(platform: Platform): Promise<void> {
  for (const [i, { type, value }] of KINDS.entries()) {
    await platform.as(ADMIN).write(`canary/${i}`, { value: value(), type, token: `t${i}` })
    await platform.as(ADMIN).write(`canary/${i}`, { value: value(), token: `t${i}` })
  }
}

/** Each error on the way must be as silent as the log. */
async function provoke(platform: Platform): Promise<void> {
  const coffer = platform.as(ADMIN)
  const attempts = [
    () => coffer.write('canary/3', { value: text() }),
    () => coffer.write('canary/1', { value: text('NOT MATCHING ') }),
    () => coffer.write('canary/0', { value: text(), token: 't1'.repeat(60) }),
    () => coffer.write('canary/0', { value: `${text()}x`, token: 't0' }),
    () => coffer.write('canary/9', { value: text().repeat(5_000) }),
    () => coffer.update('canary/0', { type: { name: 'number' } }),
    () => platform.as('service:x').write('canary/0', { value: text() }),
    () => coffer.write('canary/8', { value: text(), type: { name: 'certificate' } }),
    () => coffer.write('canary/8', { value: text('{"a":'), type: { name: 'json' } }),
  ]
  for (const [i, attempt] of attempts.entries()) {
    try {
      await attempt()
      found.push(`attempt ${i} was not refused`)
    } catch (error) {
      const told = inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error)
      if (told.includes(canary.toString('latin1'))) found.push(`in the error of attempt ${i}`)
    }
  }
}

async function readAlive(platform: Platform): Promise<SecretVersion[]> {
  const answers = await platform.as(ADMIN).readMany(KINDS.map((_, i) => ({ path: `canary/${i}` })))
  return answers.flatMap((answer) =>
    'value' in answer && answer.value !== undefined ? [answer.value] : [],
  )
}

async function revealAll(platform: Platform): Promise<void> {
  for (const { secret } of await readAlive(platform)) {
    const value = secret.reveal()
    if (JSON.stringify(value).length < 20) found.push('a value was not there')
    const shown = `${inspect(secret, { showHidden: true })}${JSON.stringify({ secret })}${secret}`
    if (shown.includes(canary.toString('latin1'))) found.push('in what a secret shows')
  }
}

function lookInFiles(needles: Readonly<Record<string, Buffer>>): void {
  for (const entry of readdirSync(dataDir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const bytes = readFileSync(join(entry.parentPath, entry.name))
    for (const [name, needle] of Object.entries(needles)) {
      if (bytes.includes(needle)) found.push(`${name} in the file ${entry.name}`)
    }
  }
}

const rootKey = (): Record<string, Buffer> => {
  const key = Buffer.from(process.env['COFFER_MASTER_KEY'] ?? '', 'hex')
  return {
    'the root key in base64': Buffer.from(key.toString('base64')),
    'the root key in base64url': Buffer.from(key.toString('base64url')),
    'the root key as bytes': key,
    'the root key in hex': Buffer.from(key.toString('hex')),
  }
}

const platform = await openPlatform()
const values = {
  'the value': canary,
  'the value in base64': Buffer.from(canary.toString('base64').slice(0, 30)),
  'the value in hex': Buffer.from(canary.toString('hex')),
}
await writeAll(platform)
await look('after writing', values)
await provoke(platform)
await look('after refusals', values)
const alive = await readAlive(platform)
await look('with secrets alive and not revealed', values)
if (alive.length !== KINDS.length) found.push('not every value was read')
alive.length = 0
await revealAll(platform)
await look('after secrets were revealed and dropped', values)
const needles = rootKey()
delete process.env['COFFER_MASTER_KEY']
await look('with the store open', needles)
lookInFiles({ ...values, ...needles })
await platform.close()
await look('after closing', { ...values, ...needles })
lookInFiles({ ...values, ...needles })
writeSync(1, JSON.stringify(found))
