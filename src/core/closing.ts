/**
 * Does `work` with something, and closes it whatever comes of that: what `await using` says, which
 * bundlers that applications are built with cannot read yet.
 */
export async function closing<R extends AsyncDisposable, T>(
  resource: R,
  work: (resource: R) => T | Promise<T>,
): Promise<T> {
  try {
    return await work(resource)
  } finally {
    await resource[Symbol.asyncDispose]()
  }
}
