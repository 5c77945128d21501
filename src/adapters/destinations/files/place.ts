import { lstatSync, mkdirSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import { CofferError } from '../../../core/errors.ts'
import type { DestinationContext } from '../context.ts'
import { readOptions } from '../options.ts'
import { translate } from './fault.ts'

export interface FilePlace {
  /** Absolute. */
  readonly file: string
  /** The manifest's folder, which the file lies below. */
  readonly dir: string
  /** As the manifest names it, with slashes: `out/app.env`. */
  readonly shown: string
}

/**
 * The file of a destination's only option, `file`: relative to the manifest's folder and below it.
 * @throws CofferError `invalid_argument`
 */
export function filePlace(kind: string, context: DestinationContext): FilePlace {
  const options = readOptions(kind, context, ['file'])
  const given = options.needed('file')
  if (UNNAMEABLE.test(given)) throw options.refuse('file', 'is a name without spaces, \\ and *')
  const file = path.resolve(context.dir, given)
  const way = path.relative(context.dir, file)
  if (way === '' || way === '..' || way.startsWith(`..${path.sep}`) || path.isAbsolute(way)) {
    throw options.refuse('file', "lies below the manifest's folder")
  }
  return { file, dir: context.dir, shown: way.split(path.sep).join('/') }
}

/**
 * Links on the way may not lead out of the manifest's folder: what a checkout says would be written
 * anywhere. Folders that are not there yet are none.
 * @throws CofferError `denied`; `not_found` where something else than a folder stands in the way
 */
export function checkFolder(place: FilePlace): void {
  const { file, dir, shown } = place
  const way = path.relative(realpathSync(dir), nearest(place, path.dirname(file)))
  if (way === '..' || way.startsWith(`..${path.sep}`) || path.isAbsolute(way)) {
    throw new CofferError('denied', `A link leads ${shown} out of the manifest's folder.`, {
      remedy: 'Name the file where it really is, below the manifest.',
    })
  }
}

/**
 * The file's folder is there afterwards; what was missing of it is mode 0700.
 * @throws CofferError as `checkFolder`; an error of the file system
 */
export function makeFolder(place: FilePlace): void {
  mkdirSync(path.dirname(place.file), { recursive: true, mode: 0o700 })
  checkFolder(place)
}

/** Where the first folder on the way up that is there really is. */
function nearest(place: FilePlace, folder: string): string {
  let real: string
  try {
    real = realpathSync(folder)
  } catch (error) {
    translate(error, place.shown)
    if (!isLink(folder)) return nearest(place, path.dirname(folder))
    throw new CofferError('denied', `A link on the way to ${place.shown} leads nowhere.`, {
      remedy: 'Name the file where it really is, below the manifest.',
    })
  }
  if (statSync(real).isDirectory()) return real
  throw new CofferError(
    'not_found',
    `What stands where the folder of ${place.shown} would be is none.`,
    {
      remedy: 'Name another file in coffer.yaml, or move what is there.',
    },
  )
}

function isLink(folder: string): boolean {
  try {
    return lstatSync(folder).isSymbolicLink()
  } catch {
    return false
  }
}

// eslint-disable-next-line no-control-regex -- what a policy's pattern cannot name, or a line holds
const UNNAMEABLE = /[\s\\*\u0000-\u001f\u007f]|\/\/|\/$/
