/** Milliseconds that a `Retry-After` in seconds asks to wait, at most a day; another form is nothing. */
export function retryAfterMs(header: string | undefined): number | undefined {
  const seconds = /^\s*(\d{1,9}(?:\.\d{1,3})?)\s*$/.exec(header ?? '')?.[1]
  return seconds === undefined ? undefined : Math.min(Number(seconds) * 1_000, DAY_MS)
}

const DAY_MS = 24 * 60 * 60 * 1_000
