/** What is being made member by member, before it is given away as it is declared. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] }
