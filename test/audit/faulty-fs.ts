import type { LogFs } from '../../src/adapters/logs/log-fs.ts'
import { quickFs } from './scratch-log.ts'

/** Operations that can fail on a sick disk; looking at names and sizes is left alone. */
const FAILING = new Set<keyof LogFs>([
  'open',
  'read',
  'write',
  'truncate',
  'sync',
  'syncLater',
  'syncDir',
  'remove',
])

export interface FaultyFs {
  readonly fs: LogFs
  /** Calls of failing operations so far. */
  readonly calls: number
  /** The next calls fail with `errno`, from the `after`-th on, so many; a write is half done first. */
  fail(
    errno: string,
    after?: number,
    times?: number,
    only?: (operation: keyof LogFs) => boolean,
  ): void
  heal(): void
}

const anyOperation: (operation: keyof LogFs) => boolean = () => true

export function faultyFs(): FaultyFs {
  let calls = 0
  let plan = { errno: '', from: Infinity, to: Infinity, only: anyOperation }
  const error = (operation: string) =>
    Object.assign(new Error(`${plan.errno}: ${operation}`), { code: plan.errno })
  const due = (operation: keyof LogFs) => {
    if (!FAILING.has(operation) || !plan.only(operation)) return false
    calls++
    return calls >= plan.from && calls < plan.to
  }
  const fs: LogFs = {
    ...quickFs,
    open: (...given) => guard('open', () => quickFs.open(...given)),
    read: (...given) => guard('read', () => quickFs.read(...given)),
    write(fd, bytes, position) {
      if (!due('write')) return quickFs.write(fd, bytes, position)
      quickFs.write(fd, bytes.subarray(0, bytes.length >> 1), position)
      throw error('write')
    },
    truncate: (...given) => guard('truncate', () => quickFs.truncate(...given)),
    sync: (...given) => guard('sync', () => quickFs.sync(...given)),
    syncLater: (fd) =>
      due('syncLater') ? Promise.reject(error('fdatasync')) : quickFs.syncLater(fd),
    syncDir: (...given) => guard('syncDir', () => quickFs.syncDir(...given)),
    remove: (...given) => guard('remove', () => quickFs.remove(...given)),
  }
  function guard<T>(operation: keyof LogFs, work: () => T): T {
    if (due(operation)) throw error(operation)
    return work()
  }
  return {
    fs,
    get calls() {
      return calls
    },
    fail(errno, after = 1, times = Infinity, only = anyOperation) {
      plan = { errno, from: calls + after, to: calls + after + times, only }
    },
    heal() {
      plan = { ...plan, from: Infinity }
    },
  }
}
