import type { Provider } from '../../core/ports/provider.ts'
import { checkConsent, exactly } from './consent.ts'
import { checkOptions } from './context.ts'
import type { ProviderContext } from './context.ts'

/**
 * Files that SOPS encrypted, opened by its own program, which is given the whole environment but
 * Coffer's own keys: its keys are found as it finds them. Options: `dir` (default: the working
 * directory), `file`, `program` (default `sops` on the PATH).
 *
 * A key is a file's path within `dir`: a document (`.yaml`, `.yml`, `.json`, `.env`, `.ini`) is a JSON
 * object, another file what was encrypted. With the option `file` a key is a path within that
 * document: `api/stripe-key`. Nothing is written to disk. At most 1 MiB. Cannot be watched.
 */
export function sops(context: ProviderContext): Provider {
  checkOptions('sops', context.options, ['dir', 'file', 'program'])
  checkConsent(context, exactly('the program', context.options['program']))
  return {
    kind: 'sops',
    batchMax: 100,
    resolve: async (refs, signal) =>
      (await import('./sops/documents.ts')).readDocuments(context, refs, signal),
  }
}
