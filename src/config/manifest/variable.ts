import { variableName } from '../env-name.ts'
import type { DeclaredSecret } from './manifest.ts'

/**
 * The variable that a declared secret becomes: its `env`, else one made of its name. Where neither
 * the manifest nor the reference says one, `run` prefers the name that the store recorded.
 */
export const variableOf = ({ name, envName }: Pick<DeclaredSecret, 'name' | 'envName'>): string =>
  envName ?? variableName([name])
