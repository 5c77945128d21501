import { badValue, textOf } from './row.ts'
import type { TypeRow } from './row.ts'
import { checkText } from './text.ts'

/**
 * One of three shapes: `scheme://user:password@host:port,host:port/path?options` (a list of hosts as
 * MongoDB and PostgreSQL take it; `jdbc:` in front; an empty host for files and sockets),
 * `Key=Value;Key="Value"` (ADO.NET, Azure), or `key=value key='value'` (libpq).
 */
export const connectionString: TypeRow = {
  summary: 'scheme://hosts/…, Key=Value;… or libpq key=value pairs.',
  constraints: ['pattern', 'min', 'max'],
  check: (spec, value) => {
    const text = textOf(spec, value)
    if (CONTROL.test(text)) throw badValue(spec, 'has no line breaks or control characters')
    const found = URL_LIKE.exec(text)
    if (found === null ? !isAdo(text) && !isLibpq(text) : !isAuthority(found[1] ?? '', found[2])) {
      throw badValue(
        spec,
        'is scheme://hosts/…, or pairs Key=Value;… or key=value',
        'Percent-encode / ? # @ and : in a user name or password.',
      )
    }
    checkText(spec, text)
  },
}

const CONTROL = /\p{Cc}/u
const URL_LIKE = /^[A-Za-z][A-Za-z0-9+.:-]*:\/\/([^/?#;\s]*)([/?#;]\S*)?$/
const HOST = /^(?:\[[0-9A-Fa-f:.]+(?:%[0-9A-Za-z._-]+)?\]|[^\s:@[\]]+)(?::(\d{1,5}))?$/u

/** Everything before the last `@` is credentials, as drivers read it. Hosts may be a list. */
function isAuthority(authority: string, rest: string | undefined): boolean {
  const hosts = authority.slice(authority.lastIndexOf('@') + 1)
  if (hosts === '') return rest !== undefined && rest.length > 1
  return hosts.split(',').every((host) => {
    const found = HOST.exec(host)
    const port = found?.[1]
    return found !== null && (port === undefined || (Number(port) >= 1 && Number(port) <= 65_535))
  })
}

/** Values may be quoted with " or ', doubled inside. */
function isAdo(text: string): boolean {
  return eachPair(text, ADO_PAIR)
}

/** Values may be quoted with ', with backslash escapes. */
function isLibpq(text: string): boolean {
  return eachPair(text, LIBPQ_PAIR)
}

const ADO_PAIR =
  /\s*[^=;\s"'][^=;]*=\s*(?:"(?:[^"]|"")*"\s*|'(?:[^']|'')*'\s*|[^;"'\s][^;]*)?(?:;+\s*|$)/y
const LIBPQ_PAIR = /\s*[a-z_]+\s*=\s*(?:'(?:[^'\\]|\\.)*'|(?:[^\s'\\]|\\.)+)(?:\s+|$)/y

function eachPair(text: string, pair: RegExp): boolean {
  let at = 0
  while (at < text.length) {
    pair.lastIndex = at
    const found = pair.exec(text)
    if (found === null) return false
    at = pair.lastIndex
  }
  return at > 0
}
