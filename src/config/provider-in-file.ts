import type { ProviderSpec } from './options.ts'

/** Specs that a file of a project holds: others may have written it than who runs the program. */
const inFiles = new WeakSet<ProviderSpec>()

/** Remembers that this very object was read from a file of a project. */
export function declaredInFile(spec: ProviderSpec): ProviderSpec {
  inFiles.add(spec)
  return spec
}

export const isDeclared = (spec: ProviderSpec): boolean => inFiles.has(spec)
