const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/**
 * What the log of a GitHub Actions job obeys: `::command::` where a line begins, behind blanks too, and
 * `##[command]` anywhere. Source: actions/runner, ActionCommand.
 */
const COMMAND = /#(?=#\[)|(?<=^\s*):(?=:[a-z-]+(?: [^:]*)?::)/gi

/**
 * Text that a terminal shows and never obeys: control, bidirectional and other invisible characters
 * (escape sequences, newlines, marks that reorder text) become `\n`, `\x1b`, `\u{202e}`. A pipeline's
 * log is a terminal, too.
 */
export const safeText = (text: string): string =>
  text.replace(UNSAFE, escapeOne).replace(COMMAND, escapeOne)

/** JSON that is safe on a terminal: the same characters as `\u` escapes inside its strings. */
export const safeJson = (value: unknown): string =>
  JSON.stringify(value, null, 2)
    .replace(UNSAFE, (character) => (character === '\n' ? '\n' : escapeUnits(character)))
    .replace(COMMAND, escapeUnits)

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function escapeOne(character: string): string {
  const point = character.codePointAt(0) ?? 0
  return (
    SHORT[character] ??
    (point < 0x100 ? `\\x${point.toString(16).padStart(2, '0')}` : `\\u{${point.toString(16)}}`)
  )
}

function escapeUnits(character: string): string {
  let escaped = ''
  for (let i = 0; i < character.length; i++) {
    escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`
  }
  return escaped
}
