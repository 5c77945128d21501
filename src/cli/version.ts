import { readFileSync } from 'node:fs'

/** The package's version. The file is two folders up from source, one up from the bundle. */
export function version(): string {
  for (const file of ['../package.json', '../../package.json']) {
    try {
      const found = JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as {
        name?: string
        version?: string
      }
      if (found.name === 'coffer' && found.version !== undefined) return found.version
    } catch {
      // Not there: the other layout.
    }
  }
  return 'unknown'
}
