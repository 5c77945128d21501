/**
 * Reads the plainest of project files, such as `init` writes: one text per line, no quotes, no
 * comments behind values. Returns undefined for anything else, which the YAML parser then reads;
 * where both can, they agree.
 */
export function readFlat(text: string): Readonly<Record<string, string>> | undefined {
  const found = new Map<string, string>()
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const [, key, value] = LINE.exec(line) ?? []
    if (key === undefined || value === undefined) return undefined
    if (found.has(key) || NO_TEXT.test(value)) return undefined
    if (NAMES.includes(key) && !NAME.test(value)) return undefined
    found.set(key, value)
  }
  return found.size === 0 ? undefined : Object.fromEntries(found)
}

/** A plain scalar that begins with a letter or as a path, and holds nothing that YAML reads into. */
const LINE =
  /^(project|environment|prefix|dataDir|config): ((?:[A-Za-z_/]|\.{1,2}\/|\.[a-z])[A-Za-z0-9_./${}-]*)$/
const NO_TEXT = /^(?:true|false|null|\.inf|\.nan)$/i
const NAMES: readonly string[] = ['project', 'environment']
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
