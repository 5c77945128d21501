import { shellWord } from '../../core/shell-word.ts'
import { wordsOf } from '../manifest/command-words.ts'
import { isWhole } from '../manifest/own.ts'
import type { SecretFacts } from './facts.ts'

/** See `wordsOf`; undefined for other providers. */
export const commandWords = ({ declared, environment, ref, isOwn }: SecretFacts) =>
  ref === undefined || !isOwn ? undefined : wordsOf(declared.name, environment, ref)

/** Stores it with all that the manifest says of it; undefined for other providers. */
export function setCommand(secret: SecretFacts): string | undefined {
  const words = commandWords(secret)
  if (words === undefined) return undefined
  const { type } = secret.declared
  return `coffer set ${words}${type === undefined || isNamed(secret) ? '' : ` --type ${type.name}`}`
}

/** Has the store say what the manifest says; `option` is what that is about. */
export function updateCommand(secret: SecretFacts, option: string, value: string): string {
  const words = commandWords(secret) ?? shellWord(secret.record?.path ?? secret.path)
  return `coffer update ${words}${isNamed(secret) ? '' : ` --${option} ${shellWord(value)}`}`
}

/** With the manifest's name, a command takes the rest from there too. */
const isNamed = ({ ref, isOwn }: SecretFacts): boolean => ref !== undefined && isOwn && isWhole(ref)
