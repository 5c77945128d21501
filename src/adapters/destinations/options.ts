import { CofferError } from '../../core/errors.ts'
import type { DestinationContext } from './context.ts'

/** The options of one destination, each read as what it must be. */
export interface OptionReader {
  /** Not empty. @throws CofferError `invalid_argument` */
  text(name: string): string | undefined
  /** @throws CofferError `invalid_argument` also where it is absent */
  needed(name: string): string
  /** One text counts as a list of one. @throws CofferError `invalid_argument` */
  list(name: string): readonly string[]
  /** @throws CofferError `invalid_argument` */
  texts(name: string): Readonly<Record<string, string>>
  /** What to throw of an option that is of the right shape and still wrong. */
  refuse(name: string, why: string): CofferError
}

/** @throws CofferError `invalid_argument` for an option that is not among `known` */
export function readOptions(
  kind: string,
  { options }: Pick<DestinationContext, 'options'>,
  known: readonly string[],
): OptionReader {
  const remedy = `Correct the destination ${kind} in coffer.yaml; docs/destinations.md has its options.`
  const refuse = (name: string, why: string) =>
    new CofferError('invalid_argument', `The option ${name} of the destination ${kind} ${why}.`, {
      remedy,
    })
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown !== undefined) throw refuse(unknown, `is unknown: it has ${known.join(', ')}`)

  const text = (name: string) => {
    const value = Object.hasOwn(options, name) ? options[name] : undefined
    if (value === undefined) return undefined
    if (typeof value !== 'string' || value === '') throw refuse(name, 'is a text that is not empty')
    return value
  }
  return {
    text,
    needed(name) {
      const value = text(name)
      if (value === undefined) throw refuse(name, 'is needed')
      return value
    },
    list(name) {
      const value = Object.hasOwn(options, name) ? options[name] : undefined
      if (value === undefined) return []
      const list: readonly unknown[] = Array.isArray(value) ? value : [value]
      if (list.every(isText)) return list
      throw refuse(name, 'is a text or a list of texts')
    },
    texts(name) {
      const value = Object.hasOwn(options, name) ? options[name] : undefined
      if (value === undefined) return {}
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw refuse(name, 'is texts by name')
      const entries: [string, unknown][] = Object.entries(value)
      const texts = entries.filter((entry): entry is [string, string] => isText(entry[1]))
      if (texts.length !== entries.length) throw refuse(name, 'is texts by name')
      return Object.fromEntries(texts)
    },
    refuse,
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
