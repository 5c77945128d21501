import type { SecretPlace } from './plan.ts'

/**
 * The variable a secret becomes: the name that its reference asks for, else the one that is
 * recorded with the secret, else its place's. A recorded name stands for the current value as a
 * whole: a reference to a label, a version or a field does not inherit it.
 */
export function envNameOf(place: SecretPlace, recorded: string | undefined): string {
  const { envName, ref } = place.reference
  if (envName !== undefined) return envName
  const plain = ref.label === undefined && ref.version === undefined && ref.field === undefined
  return plain && recorded !== undefined ? recorded : variableName(place.path)
}

/** `['db', 'replicaUrl']` is `DB_REPLICA_URL`, `['a/b-c']` is `A_B_C`. */
export function variableName(path: readonly string[]): string {
  const words = path
    .join('_')
    .replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .toUpperCase()
  return /^[A-Z]/.test(words) ? words : `_${words}`
}
