import type { Seal } from '../../core/ports/seal.ts'
import { environment } from './environment.ts'
import { keyFile } from './key-file.ts'
import { passphrase } from './passphrase.ts'
import { shamir } from './shamir.ts'

/** In the order `init` tries them: what is always ready comes last. */
export const SEALS: Readonly<Record<string, Seal>> = {
  environment,
  passphrase,
  shamir,
  'key-file': keyFile,
}
