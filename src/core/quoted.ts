/** Text as a JSON string; most needs no escape, and is not looked at twice. */
export const quoted = (text: string): string =>
  PLAIN.test(text) ? `"${text}"` : JSON.stringify(text)

const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/
