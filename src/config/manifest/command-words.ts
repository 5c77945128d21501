import type { ProviderRef } from '../../core/ports/provider.ts'
import { shellWord } from '../../core/shell-word.ts'
import { isWhole } from './own.ts'

/**
 * How a command is told which secret is meant, of those that are kept here: `api/stripe-key --env prod`
 * where the manifest's name means all of it, else its path.
 */
export const wordsOf = (name: string, environment: string, ref: ProviderRef): string =>
  isWhole(ref) ? `${shellWord(name)} --env ${shellWord(environment)}` : shellWord(ref.key)
