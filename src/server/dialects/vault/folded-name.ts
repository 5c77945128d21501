/** A name whose case does not count, nor spaces around it, as it is kept. */
export const foldedName = (given: string): string => given.trim().toLowerCase()
