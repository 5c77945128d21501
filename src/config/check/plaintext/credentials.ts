import { isPlaceholder } from './placeholder.ts'

/** Whether a text is an address or a connection string with a password in it. */
export function holdsPassword(text: string): boolean {
  if (!text.includes('://') && !text.includes(';')) return false
  for (const pattern of [IN_ADDRESS, IN_PAIRS]) {
    for (const { groups } of text.matchAll(pattern)) {
      if (!isPlaceholder(groups?.['password'] ?? '')) return true
    }
  }
  return false
}

const IN_ADDRESS =
  /\b[a-z][a-z0-9+.-]{1,30}:\/\/[^\s:@/?#'"]{0,128}:(?<password>[^\s@/?#'"]{1,256})@/gi
/** `Server=db;User Id=app;Password=…`: as drivers of SQL databases take it. */
const IN_PAIRS = /;\s*(?:password|pwd)\s*=\s*(?<password>[^;\s'"]{3,256})/gi
