import { hash } from 'node:crypto'

/**
 * The name of a policy that is made of a manifest: `shop-prod-api`. One of more than 64 characters is
 * cut, and told apart by a hash.
 */
export function madePolicyName(...words: readonly string[]): string {
  const name = words.join('-').toLowerCase()
  if (name.length <= NAME_CHARS_MAX) return name
  return `${name.slice(0, 55)}-${hash('sha256', words.join('\0')).slice(0, 8)}`
}

const NAME_CHARS_MAX = 64
