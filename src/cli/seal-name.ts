/** What people write for the registry's names of seals. */
const SHORT: Readonly<Record<string, string>> = { env: 'environment', file: 'key-file' }

export const sealNamed = (name: string): string =>
  Object.hasOwn(SHORT, name) ? (SHORT[name] as string) : name
