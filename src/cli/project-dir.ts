import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { attempt } from './files.ts'

/** The project that `cwd` is in: the nearest folder upwards with a .git or package.json, else `cwd`. */
export function projectRoot(cwd: string): string {
  for (let folder = cwd; ; folder = dirname(folder)) {
    const marks = ['.git', 'package.json', 'coffer.yaml', 'coffer.json']
    if (marks.some((mark) => existsSync(join(folder, mark)))) return folder
    if (folder === dirname(folder)) return cwd
  }
}

/** Whether a data directory can be made, or is there and can be written. */
export function canMake(dir: string): boolean {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    accessSync(dir, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * Makes `.coffer` the project's data directory: recorded in coffer.yaml, ignored by git. Returns
 * what was done, for the person.
 * @throws CofferError `unavailable`
 */
export function adoptProjectDir(cwd: string): string[] {
  const root = projectRoot(cwd)
  return [...record(root), ...ignore(root)]
}

function record(root: string): string[] {
  const file = join(root, 'coffer.yaml')
  const other = ['coffer.json', 'coffer.yml'].find((name) => existsSync(join(root, name)))
  if (other !== undefined && !existsSync(file)) {
    return [`Add dataDir .coffer to ${join(root, other)}, or set COFFER_DATA_DIR=${root}/.coffer`]
  }
  const text = textOf(file)
  if (/^["']?dataDir["']?\s*:/m.test(text)) return []
  attempt(file, 'write', () => writeFileSync(file, withLine(text, 'dataDir: .coffer')))
  return [`Recorded dataDir .coffer in ${file}`]
}

function ignore(root: string): string[] {
  const file = join(root, '.gitignore')
  if (!existsSync(file) && !existsSync(join(root, '.git'))) return []
  const text = textOf(file)
  if (/^\/?\.coffer\/?\s*$/m.test(text)) return []
  attempt(file, 'write', () => writeFileSync(file, withLine(text, '.coffer/')))
  return [`Added .coffer/ to ${file}`]
}

const textOf = (file: string): string =>
  existsSync(file) ? attempt(file, 'read', () => readFileSync(file, 'utf8')) : ''

const withLine = (text: string, line: string): string =>
  `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`
