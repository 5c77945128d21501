import { mkdirSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { MARK } from '../config/generate/generated.ts'
import type { Generated } from '../config/generate/generated.ts'
import type { Manifest } from '../config/manifest/manifest.ts'
import { CofferError, isCofferError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { attempt, readFile, writeFile } from './files.ts'
import { usage } from './parse.ts'
import type { Session } from './session.ts'

/** @throws CofferError `not_found` where no project lists environments; ConfigError */
export async function manifestHere({ world }: Session): Promise<Manifest> {
  const { loadManifest } = await import('../config/manifest/load.ts')
  const manifest = await loadManifest(world.cwd)
  if (manifest !== undefined) return manifest
  throw new CofferError('not_found', 'There is no manifest here or above.', {
    remedy:
      'Go to the folder of coffer.yaml or below; `coffer init --manifest` begins one, docs/manifest.md says what it can say.',
  })
}

/**
 * Puts the files below `out`, all of them or, where one of them is somebody's, none.
 * @throws CofferError `invalid_argument`, `already_exists`, `unavailable`
 */
export async function writeGenerated(
  { files, notes }: Generated,
  out: string | undefined,
  { out: output, world }: Session,
): Promise<void> {
  if (out === undefined) throw usage('--out says where the files go.')
  const dir = resolve(world.cwd, out)
  const entries = Object.entries(files).map(([name, text]) => [join(dir, name), text] as const)
  for (const [file] of entries) {
    if (!isOurs(file)) {
      throw new CofferError('already_exists', `${file} was not made by coffer.`, {
        remedy: 'Move it away, or name another directory with --out.',
      })
    }
  }
  for (const [file, text] of entries) {
    attempt(file, 'write', () => mkdirSync(dirname(file), { recursive: true }))
    writeFile(file, text)
  }
  await output.result({ files: entries.map(([file]) => file), notes }, () => {
    for (const [file] of entries) output.line(file)
    for (const note of notes) output.note(note)
  })
}

/**
 * One generated file: written, or with `check` compared. Answers with the exit code: 1 when it is not
 * up to date.
 * @throws CofferError as `writeGenerated`
 */
export async function writeOrCheck(
  text: string,
  { out, check }: { readonly out: string; readonly check: boolean },
  session: Session,
): Promise<number> {
  const file = resolve(session.world.cwd, out)
  if (!check) {
    await writeGenerated({ files: { [basename(file)]: text }, notes: [] }, dirname(file), session)
    return 0
  }
  const upToDate = textOf(file) === text
  await session.out.result({ file, upToDate }, () => {
    if (!upToDate) session.out.warn(`${file} is not up to date: write it again without --check.`)
  })
  return upToDate ? 0 : 1
}

function isOurs(file: string): boolean {
  const text = textOf(file)
  return text === undefined || text.slice(0, text.indexOf('\n')).includes(MARK)
}

/** Undefined when there is no such file. @throws CofferError `unavailable`, `too_large` */
function textOf(file: string): string | undefined {
  try {
    return Buffer.from(readFile(file, LIMITS.documentBytesMax)).toString('utf8')
  } catch (error) {
    if (isCofferError(error, 'not_found')) return undefined
    throw error
  }
}
