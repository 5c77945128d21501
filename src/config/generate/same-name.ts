/**
 * Of things that would have one name, each later one with the first. `a-b` and `c`, `a` and `b-c` are
 * such; so are `Prod` and `prod`, for who compares without case.
 */
export function sameNamed<T>(
  things: readonly T[],
  nameOf: (thing: T) => string,
): readonly (readonly [T, T])[] {
  const first = new Map<string, T>()
  return things.flatMap((thing): (readonly [T, T])[] => {
    const name = nameOf(thing).toLowerCase()
    const other = first.get(name)
    if (other === undefined) first.set(name, thing)
    return other === undefined ? [] : [[thing, other]]
  })
}
