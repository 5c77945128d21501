import { CofferError } from '../../core/errors.ts'

/**
 * Loads a package that users install only when they need it. `all`: what is to be installed, where
 * it is of use with others only.
 * @example
 * const sdk = await loadPeer('@azure/identity', () => import('@azure/identity'))
 * @throws CofferError `missing_dependency`, saying what to install
 */
export async function loadPeer<T>(name: string, load: () => Promise<T>, all = name): Promise<T> {
  try {
    return await load()
  } catch (error) {
    if (!isAbsence(error, name)) throw error
    throw new CofferError('missing_dependency', `The package ${name} is not installed.`, {
      remedy: `Run \`npm install ${all}\` in the project, then try again.`,
      details: { package: name },
    })
  }
}

/** Node's word for it, and that of bundlers and of `require`. */
const ABSENT: readonly unknown[] = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']

/** The package itself is missing, and not something within it. */
const isAbsence = (error: unknown, name: string) =>
  error instanceof Error &&
  'code' in error &&
  ABSENT.includes(error.code) &&
  error.message.includes(`'${name}'`)
