/** Text as a JSON string; most needs no escape, and is not looked at twice. */
export const quoted = (text: string): string =>
  PLAIN.test(text) ? `"${text}"` : JSON.stringify(text)

/** Text as the inside of a JSON string of printable ASCII: nothing a terminal would act on. */
export function escapeText(text: string): string {
  if (PLAIN.test(text)) return text
  return JSON.stringify(text)
    .slice(1, -1)
    .replace(
      /[\u007f-\uffff]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
}

const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/
