import type { DeclaredSecret } from '../manifest/manifest.ts'

/** The command that stores a value at this path, with all that the manifest says of the secret. */
export function setCommand(path: string, secret: DeclaredSecret): string {
  const { type, owner, classification, envName } = secret
  const options: readonly (readonly [string, string | number | undefined])[] = [
    ['type', type?.name],
    ['pattern', type?.pattern],
    ['min', type?.min],
    ['max', type?.max],
    ['length-bytes', type?.lengthBytes],
    ['owner', owner],
    ['classification', classification],
    ['rotate-every', `${secret.rotateEveryDays}d`],
    ['env-name', envName],
  ]
  const given = options.flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name} ${quoted(String(value))}`],
  )
  const flags = secret.rotatesItself ? ['--automatic'] : []
  return ['coffer set', quoted(path), ...given, ...flags].join(' ')
}

/** For a shell. */
const quoted = (word: string): string =>
  /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
