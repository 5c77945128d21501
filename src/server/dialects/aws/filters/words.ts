/**
 * The words of a text as AWS's search takes them: apart at anything that is no letter or digit, and
 * where the case says so (`MyTest`, `myTest`, `COMPANYthings` is `COMPAN` and `Ythings`).
 */
export const wordsOf = (text: string): string[] =>
  text.split(SEPARATORS).flatMap((part) => (part === '' ? [] : part.split(CASE_CHANGE)))

const SEPARATORS = /[^\p{L}\p{N}]+/u
const CASE_CHANGE = /(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/
