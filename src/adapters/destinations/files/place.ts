import { realpathSync } from 'node:fs'
import path from 'node:path'
import { CofferError } from '../../../core/errors.ts'
import type { DestinationContext } from '../context.ts'
import { readOptions } from '../options.ts'

export interface FilePlace {
  /** Absolute. */
  readonly file: string
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
  return { file, shown: way.split(path.sep).join('/') }
}

/**
 * Links on the way may not lead out of the manifest's folder: what a checkout says would be written
 * anywhere.
 * @throws CofferError `denied`, `not_found` for a folder that is not there
 */
export function checkFolder({ file, shown }: FilePlace, dir: string): void {
  let folder: string
  try {
    folder = realpathSync(path.dirname(file))
  } catch {
    throw new CofferError('not_found', `The folder of ${shown} is not there.`, {
      remedy: 'Make it first.',
    })
  }
  const way = path.relative(realpathSync(dir), folder)
  if (way === '..' || way.startsWith(`..${path.sep}`) || path.isAbsolute(way)) {
    throw new CofferError('denied', `A link leads ${shown} out of the manifest's folder.`, {
      remedy: 'Name the file where it really is, below the manifest.',
    })
  }
}

// eslint-disable-next-line no-control-regex -- what a policy's pattern cannot name, or a line holds
const UNNAMEABLE = /[\s\\*\u0000-\u001f\u007f]|\/\/|\/$/
