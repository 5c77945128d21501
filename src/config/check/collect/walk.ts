import { readdirSync, readFileSync } from 'node:fs'
import type { Dirent } from 'node:fs'
import path from 'node:path'
import { LIMITS } from '../../../core/limits.ts'
import type { Skipped } from '../facts.ts'
import { ignoreRules } from './ignore.ts'
import type { IgnoreRules } from './ignore.ts'

export interface Walked {
  /** From the root, with `/`. */
  readonly files: readonly string[]
  readonly skipped: readonly Skipped[]
}

/**
 * The files below a directory that its `.gitignore`s do not leave out, whose name `wanted` takes. What
 * is installed, built or hidden is passed over, symbolic links are not followed.
 */
export function walk(
  root: string,
  wanted: (name: string) => boolean,
  filesMax: number = LIMITS.checkFilesMax,
): Walked {
  const files: string[] = []
  const skipped: Skipped[] = []
  const folders: { dir: string; rules: IgnoreRules }[] = [{ dir: '', rules: ignoreRules('', '') }]
  for (let at = folders.shift(); at !== undefined; at = folders.shift()) {
    const { dir } = at
    const entries = entriesOf(path.join(root, dir))
    if (entries === undefined) {
      skipped.push({ file: dir, why: 'This folder cannot be read.' })
      continue
    }
    // A folder with a project file of its own is another project, with a manifest of its own.
    if (dir !== '' && entries.some(({ name }) => PROJECT.test(name))) continue
    const rules = at.rules.and(ignoreFile(root, dir, entries))
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const file = dir === '' ? entry.name : `${dir}/${entry.name}`
      if (rules.ignores(file, entry.isDirectory())) continue
      if (entry.isDirectory()) {
        if (!PASSED_OVER.test(entry.name)) folders.push({ dir: file, rules })
      } else if (entry.isFile() && wanted(entry.name)) {
        if (files.length === filesMax) {
          const why = `Only the first ${filesMax} files are looked through.`
          return { files, skipped: [...skipped, { file, why }] }
        }
        files.push(file)
      }
    }
  }
  return { files, skipped }
}

const PROJECT = /^coffer\.(?:ya?ml|json)$/
/** Hidden folders hold tools' own things; the others what is installed or made. */
const PASSED_OVER =
  /^(?:\..*|node_modules|bower_components|jspm_packages|vendor|dist|build|out|coverage|target|__pycache__|venv)$/

/** One after the other and without waiting: a promise for each file takes longer than the file. */
function entriesOf(dir: string): Dirent[] | undefined {
  try {
    return readdirSync(dir, { withFileTypes: true })
  } catch {
    return undefined
  }
}

function ignoreFile(root: string, dir: string, entries: readonly Dirent[]): IgnoreRules {
  const there = entries.some((entry) => entry.name === '.gitignore' && entry.isFile())
  const text = there ? readFileSync(path.join(root, dir, '.gitignore'), 'utf8') : ''
  return ignoreRules(text.slice(0, LIMITS.checkFileBytesMax), dir)
}
