import { randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import path from 'node:path'
import { CofferError } from '../../../core/errors.ts'
import { LIMITS } from '../../../core/limits.ts'
import type { ProviderValue } from '../../../core/ports/provider.ts'
import { openAead, sealAead } from '../../../crypto/aead.ts'
import { deriveKey, KEY_BYTES, takeKey } from '../../../crypto/derive.ts'
import { parseRootKey } from '../../../crypto/root-key.ts'
import {
  makeOnce,
  readOwn,
  readSmall,
  removeOlder,
  removeSmall,
  replaceSmall,
} from '../private-files.ts'
import { decodeOffline, encodeOffline } from './offline-value.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Last good answers, encrypted on disk, for when their place cannot be asked. */
export interface OfflineCache {
  keep(key: string, value: ProviderValue): void
  /** One that is no older than allowed. Never throws. */
  find(key: string): { readonly value: ProviderValue; readonly savedAt: number } | undefined
  /** The place said otherwise: what was kept is gone. */
  drop(key: string): void
}

/**
 * How old an answer may be: option `offlineMaxAge`, else `COFFER_OFFLINE_MAX_AGE`: `90s`, `30m`, `1h`,
 * at most 7 days. @returns undefined where nobody asks for a cache
 * @throws CofferError `invalid_argument`
 */
export function offlineMaxAgeMs(option: string | undefined, env: Environment): number | undefined {
  const text = option ?? env.COFFER_OFFLINE_MAX_AGE ?? ''
  if (text === '' || text === '0') return undefined
  const [, count = '', unit = ''] = /^(\d{1,6})(s|m|h|d)$/.exec(text) ?? []
  const ms = Number(count) * (UNITS_MS.get(unit) ?? 0)
  if (ms > 0 && ms <= LIMITS.offlineMaxAgeMsMax) return ms
  throw new CofferError(
    'invalid_argument',
    'The age of an offline cache is 1s to 7d: 90s, 30m, 1h.',
    {
      remedy: 'Correct offlineMaxAge of the provider, or COFFER_OFFLINE_MAX_AGE.',
    },
  )
}

/**
 * The cache of one scope, below `dir`. Its key is derived from `COFFER_MASTER_KEY` (or
 * `OBSERVABILITY_MASTER_KEY`) where that is set, else from a file of mode 0600 that it makes in `dir`:
 * then whoever can read the files can read the values. Each entry is bound to the scope, the
 * reference and its time.
 * @throws CofferError `invalid_key` for a root key that is malformed
 */
export function offlineCache(
  dir: string,
  scope: string,
  env: Environment,
  maxAgeMs: number,
  now: () => number,
): OfflineCache {
  const secret = env.COFFER_MASTER_KEY ?? env.OBSERVABILITY_MASTER_KEY
  const encryption = secret === undefined ? keyInFile(dir) : derived(parseRootKey(secret))
  const folder = path.join(dir, scope)
  const fileOf = (key: string) => path.join(folder, key)
  const bind = (key: string, savedAt: number) => Buffer.from(JSON.stringify([scope, key, savedAt]))
  removeOlder(folder, maxAgeMs)
  const clock = clockMark(path.join(folder, 'clock'), encryption, scope)
  return {
    keep(key, value) {
      const plain = encodeOffline(value)
      if (encryption === undefined || plain === undefined) return
      const savedAt = now()
      const head = Buffer.alloc(HEAD_BYTES)
      head.write(MAGIC, 'latin1')
      head.writeDoubleBE(savedAt, MAGIC.length)
      const sealed = sealAead(encryption, plain, bind(key, savedAt), randomBytes)
      plain.fill(0)
      replaceSmall(fileOf(key), Buffer.concat([head, sealed]))
      clock.set(savedAt)
    },
    find(key) {
      const bytes = encryption && readSmall(fileOf(key), FILE_BYTES_MAX)
      if (bytes === undefined || bytes.length < HEAD_BYTES) return undefined
      if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) return undefined
      const savedAt = bytes.readDoubleBE(MAGIC.length)
      const age = now() - savedAt
      // A clock that was put back would make old answers young.
      if (!(age >= -SLACK_MS && age <= maxAgeMs) || clock.isBehind(now())) return undefined
      try {
        const plain = openAead(encryption!, bytes.subarray(HEAD_BYTES), bind(key, savedAt))
        if (clock.isLeft(now())) clock.set(now())
        return { value: decodeOffline(plain), savedAt }
      } catch {
        // Of another key, place or time, or damaged: as good as none, and the place's own error stands.
        return undefined
      }
    },
    drop: (key) => removeSmall(fileOf(key)),
  }
}

const UNITS_MS: ReadonlyMap<string, number> = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])
const MAGIC = 'coffer-offline/1\n'
const HEAD_BYTES = MAGIC.length + 8
const FILE_BYTES_MAX = LIMITS.valueBytesCeiling + 4_096
const SLACK_MS = 60_000
const PURPOSE = 'coffer/v1/offline-cache'

function derived(rootKey: Uint8Array): KeyObject {
  const key = deriveKey(rootKey, '', PURPOSE)
  rootKey.fill(0)
  return key
}

/** One that others could read is replaced: what it opened is then as good as gone. */
function keyInFile(dir: string): KeyObject | undefined {
  const file = path.join(dir, 'key')
  const found = readOwn(file, KEY_BYTES)
  if (found?.length === KEY_BYTES) return takeKey(Uint8Array.from(found))
  removeSmall(file)
  const made = makeOnce(file, randomBytes(KEY_BYTES))
  const own = made ? readOwn(file, KEY_BYTES) : undefined
  return own === undefined ? undefined : takeKey(Uint8Array.from(own))
}

/**
 * The latest time that was seen, authenticated: it is not earlier than that now. A good answer of the
 * place sets it anew, also after the clock was wrong.
 */
function clockMark(file: string, key: KeyObject | undefined, scope: string) {
  const aad = Buffer.from(JSON.stringify([scope, 'clock']))
  const read = (): number => {
    const bytes = key && readSmall(file, 256)
    if (bytes === undefined) return 0
    try {
      return Number(Buffer.from(openAead(key!, bytes, aad)).toString())
    } catch {
      return Infinity
    }
  }
  let last: number | undefined
  const mark = () => (last ??= read())
  return {
    isBehind: (now: number) => now < mark() - SLACK_MS,
    /** Whether the mark is so far back that it should be moved. */
    isLeft: (now: number) => now - mark() > SLACK_MS / 2,
    set(now: number) {
      if (key === undefined || Math.abs(now - mark()) < SLACK_MS / 2) return
      if (replaceSmall(file, sealAead(key, Buffer.from(String(now)), aad, randomBytes))) last = now
    },
  }
}
