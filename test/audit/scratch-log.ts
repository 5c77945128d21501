import { createSecretKey } from 'node:crypto'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { openFileLog, type FileLogOptions } from '../../src/adapters/logs/file-log.ts'
import { nodeFs, type LogFs } from '../../src/adapters/logs/log-fs.ts'
import type { AuditEvent } from '../../src/core/event.ts'
import type { AuditLog } from '../../src/core/ports/audit-log.ts'
import type { OutboxRow } from '../../src/core/ports/store.ts'
import { publicKeyOf, signerOf } from '../../src/crypto/signing-key.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'

/** A log in a directory of its own, with everything about it fixed. */

export const STORE_ID = '0123456789abcdef0123456789abcdef'
export const START_MS = Date.UTC(2026, 0, 1)

const seed = createSecretKey(seededRandom('audit signer')(32))
export const SIGNER = signerOf(seed, publicKeyOf(seed))

export const event = (resource: string, more: Partial<AuditEvent> = {}): AuditEvent => ({
  at: START_MS,
  actor: 'local:alice',
  action: 'read',
  outcome: 'allowed',
  resource,
  ...more,
})

/** Tests of what is written need no disk to wait for. */
export const quickFs: LogFs = {
  ...nodeFs,
  sync: () => {},
  syncLater: () => Promise.resolve(),
  syncDir: () => {},
}

/** An outbox that tests fill by hand. */
export class Outbox {
  rows: OutboxRow[] = []

  put(generation: number, more: Partial<AuditEvent> = {}): this {
    const written = event(`a/${generation}`, { action: 'write', ...more })
    this.rows.push({ generation, event: JSON.stringify(written) })
    return this
  }

  after = async (generation: number, limit: number): Promise<OutboxRow[]> =>
    this.rows.filter((row) => row.generation > generation).slice(0, limit)
}

export interface Scratch {
  readonly dir: string
  readonly outbox: Outbox
  open(options?: Partial<FileLogOptions>): Promise<AuditLog>
  segment(number?: number): string
  /** Closes what was opened and removes the directory. */
  remove(): Promise<void>
}

export function scratchLog(): Scratch {
  const dir = mkdtempSync(path.join(tmpdir(), 'coffer-audit-'))
  const outbox = new Outbox()
  const opened: AuditLog[] = []
  let now = START_MS
  return {
    dir,
    outbox,
    async open(options = {}) {
      const log = await openFileLog({
        dir,
        storeId: STORE_ID,
        signer: SIGNER,
        outbox,
        sinks: [],
        clock: () => (now += 1),
        random: seededRandom('lock'),
        fs: quickFs,
        ...options,
      })
      opened.push(log)
      return log
    },
    segment: (number = 1) => path.join(dir, `${String(number).padStart(9, '0')}.jsonl`),
    async remove() {
      for (const log of opened) await log.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** The whole log as lines. */
export const linesOf = (dir: string): string[] =>
  readdirSync(dir)
    .filter((name) => name.endsWith('.jsonl'))
    .toSorted()
    .flatMap((name) => readFileSync(path.join(dir, name), 'latin1').split('\n').slice(0, -1))
