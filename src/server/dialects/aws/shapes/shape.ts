/** What a member of a request may be: rows of data, checked by `check.ts`. */
export type Shape = TextShape | NumberShape | FlagShape | BlobShape | ListShape | StructShape

export interface TextShape {
  readonly kind: 'text'
  readonly min?: number
  readonly max?: number
  readonly pattern?: RegExp
  /** How messages write the pattern where the service escapes more than it must. */
  readonly patternText?: string
  readonly oneOf?: readonly string[]
  /** Its value appears in no message. */
  readonly sensitive?: true
}

export interface NumberShape {
  readonly kind: 'number'
  readonly min?: number
  readonly max?: number
}

export interface FlagShape {
  readonly kind: 'flag'
}

/** Base64 on the wire, bytes once it is checked; always sensitive. */
export interface BlobShape {
  readonly kind: 'blob'
  readonly min: number
  readonly max: number
}

export interface ListShape {
  readonly kind: 'list'
  readonly of: Shape
  readonly min?: number
  readonly max?: number
}

export interface StructShape {
  readonly kind: 'struct'
  readonly members: Readonly<Record<string, Shape>>
  readonly required: readonly string[]
  /** The members, with their names as messages show them. */
  readonly entries: readonly {
    readonly name: string
    readonly shape: Shape
    readonly shown: string
  }[]
}

export const text = (rules: Omit<TextShape, 'kind'> = {}): TextShape => ({ kind: 'text', ...rules })
export const number = (min?: number, max?: number): NumberShape => ({
  kind: 'number',
  ...(min === undefined ? {} : { min }),
  ...(max === undefined ? {} : { max }),
})
export const flag: FlagShape = { kind: 'flag' }
export const list = (of: Shape, min?: number, max?: number): ListShape => ({
  kind: 'list',
  of,
  ...(min === undefined ? {} : { min }),
  ...(max === undefined ? {} : { max }),
})
export const struct = (
  members: Readonly<Record<string, Shape>>,
  ...required: string[]
): StructShape => ({
  kind: 'struct',
  members,
  required,
  entries: Object.entries(members).map(([name, shape]) => ({
    name,
    shape,
    shown: `${name.charAt(0).toLowerCase()}${name.slice(1)}`,
  })),
})
