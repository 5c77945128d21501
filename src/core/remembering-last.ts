/**
 * The same function, which makes what it made last only once: for what is asked again and again for
 * the same thing, as many requests within one second are.
 */
export function rememberingLast<A, T>(make: (of: A) => T): (of: A) => T {
  let last: { readonly of: A; readonly made: T } | undefined
  return (of) => {
    if (last === undefined || last.of !== of) last = { of, made: make(of) }
    return last.made
  }
}
