/** How many questions are under way at once: their audit events share flushes. */
const IN_FLIGHT = 64

/** Does the work for each, some at a time. Rejects with the first failure. */
export async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>) {
  const left = items.values()
  const worker = async () => {
    for (const item of left) await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(IN_FLIGHT, items.length) }, worker))
}
