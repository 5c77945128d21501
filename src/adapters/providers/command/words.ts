import { CofferError } from '../../../core/errors.ts'

/**
 * The words of a command: a JSON list of texts, or what stands between spaces.
 * @throws CofferError `invalid_argument`, also for what a shell would understand and nobody does here
 */
export function readWords(text: string): readonly string[] {
  const words = text.trimStart().startsWith('[') ? readList(text) : text.trim().split(/\s+/)
  if (!text.trimStart().startsWith('[') && SHELL.test(text)) {
    throw refuse('No shell reads the command: it has no quotes, variables, pipes or redirections.')
  }
  if (words.some((word) => word.includes('\0')) || words[0] === '' || words.length > WORDS_MAX) {
    throw refuse(`A command has 1 to ${WORDS_MAX} words without NUL.`)
  }
  return words
}

/**
 * The words with the key in its place.
 * @throws CofferError `invalid_reference` for a key that the program would take for an option
 */
export function withKey(words: readonly string[], key: string): readonly string[] {
  if (key.includes('\0') || /[\r\n]/.test(key)) {
    throw new CofferError('invalid_reference', 'A key for a program is one line without NUL.')
  }
  return words.map((word) => {
    if (!word.includes(KEY)) return word
    if (word.startsWith(KEY) && key.startsWith('-')) {
      throw new CofferError('invalid_reference', 'A key that begins with - would be an option.')
    }
    return word.replaceAll(KEY, () => key)
  })
}

export const takesKey = (words: readonly string[]): boolean =>
  words.some((word) => word.includes(KEY))

const KEY = '{key}'
const WORDS_MAX = 100
const SHELL = /["'`$|&;<>()*?~\\]/

function readList(text: string): readonly string[] {
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch {
    // Said below, without the parser's words.
  }
  if (Array.isArray(list) && list.length > 0 && list.every((word) => typeof word === 'string')) {
    return list
  }
  throw refuse('A command that begins with [ is a JSON list of texts.')
}

const refuse = (why: string) =>
  new CofferError('invalid_argument', why, {
    remedy: 'Write the words with spaces between them, or as a list: ["op", "read", "op://{key}"].',
  })
