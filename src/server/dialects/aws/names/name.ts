import { faults } from '../errors/faults.ts'

/**
 * A secret's name in AWS and its path in Coffer, without loss. One leading slash is the spelling's
 * business (`record.spellings.aws`). What a path cannot be (an empty segment, `.` and `..`, a slash
 * at the end) is written with `%`, which no name can have: `a//b` is at `a/%/b`, `a/` at `a/%`.
 */
export function pathOfName(name: string): string {
  const rest = name.startsWith('/') ? name.slice(1) : name
  if (PLAIN.test(rest)) return rest
  return rest
    .split('/')
    .map((segment) => ESCAPED.get(segment) ?? segment)
    .join('/')
}

/** The name of a secret that no AWS client has named. */
export function nameOfPath(path: string): string {
  if (!path.includes('%')) return path
  return path
    .split('/')
    .map((segment) => MEANT.get(segment) ?? segment)
    .join('/')
}

/** @throws AwsFault `ValidationException` */
export function checkName(name: string): void {
  if (!isName(name)) throw faults.invalidName()
}

export const isName = (name: string): boolean => NAME.test(name)

const NAME = /^[A-Za-z0-9/_+=.@!-]+$/
/** No segment that would have to be escaped. */
const PLAIN = /^(?!\.\.?(\/|$))[^/]+(\/(?!\.\.?(\/|$))[^/]+)*$/
const ESCAPED = new Map([
  ['', '%'],
  ['.', '%2E'],
  ['..', '%2E%2E'],
])
const MEANT = new Map([...ESCAPED].map(([segment, escaped]) => [escaped, segment]))
