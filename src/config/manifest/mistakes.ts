import { DocumentError } from '../document/node.ts'
import { ConfigError } from '../problem.ts'
import type { Problem } from '../problem.ts'

/** Collects what is wrong with a file, so that all of it is told at once. */
export interface Mistakes {
  /** What `read` answers; where it refuses, undefined and a mistake more. */
  attempt<T>(field: string, read: () => T): T | undefined
  /** The same collection, for the parts of a field: `secrets.` */
  within(field: string): Mistakes
  /** @throws ConfigError with all of them, in the file's order, when there are any */
  refuse(): void
}

export function collectMistakes(): Mistakes {
  const problems: Problem[] = []
  const below = (prefix: string): Mistakes => ({
    attempt(field, read) {
      try {
        return read()
      } catch (error) {
        if (!(error instanceof DocumentError)) throw error
        const { code, message, remedy, at: position } = error
        const name = `${prefix}${field}`
        problems.push({ field: name, position, reference: '', provider: '', code, message, remedy })
        return undefined
      }
    },
    within: (field) => below(`${prefix}${field}.`),
    refuse() {
      if (problems.length > 0) throw new ConfigError(problems.toSorted(byPlace))
    },
  })
  return below('')
}

const byPlace = (a: Problem, b: Problem): number => {
  const [[line, column], [otherLine, otherColumn]] = [placeOf(a), placeOf(b)]
  return line - otherLine || column - otherColumn
}

const placeOf = ({ position = '' }: Problem): readonly [number, number] => {
  const [, line = '0', column = '0'] = /:(\d+):(\d+)$/.exec(position) ?? []
  return [Number(line), Number(column)]
}
