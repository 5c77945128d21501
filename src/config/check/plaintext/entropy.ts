import { wordsOf } from './key-names.ts'

/**
 * Whether a text looks as if a machine had drawn it: one long word of many different characters,
 * at a key that does not say it is a hash, an id or public. A guess, and reported as one.
 */
export function looksRandom(key: string, text: string): boolean {
  if (wordsOf(key).some((word) => PUBLIC.has(word))) return false
  if (HEX.test(text)) return bitsPerCharacter(text) >= 3
  if (!WORD.test(text)) return false
  const classes = [/[a-z]/, /[A-Z]/, /[0-9]/].filter((pattern) => pattern.test(text)).length
  return classes === 3 && bitsPerCharacter(text) >= 4.2
}

const HEX = /^[0-9a-f]{32,1024}$|^[0-9A-F]{32,1024}$/
const WORD = /^[A-Za-z0-9+/_=-]{24,4096}$/
const PUBLIC = new Set(
  `
    id ids uuid sha sha1 sha256 sha512 md5 hash digest commit checksum integrity fingerprint etag
    version revision public publishable url uri arn path file image certificate cert kid thumbprint
  `
    .trim()
    .split(/\s+/),
)

/** Shannon's entropy. */
function bitsPerCharacter(text: string): number {
  const counts = new Map<string, number>()
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values())
    bits -= (count / text.length) * Math.log2(count / text.length)
  return bits
}
