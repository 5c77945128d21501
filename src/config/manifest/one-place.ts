import type { DeliveryTarget } from './manifest.ts'

/**
 * What to say of two targets of one environment that are one place: each would take the other's entries
 * away.
 */
export function disagreement(id: string, first: DeliveryTarget, other: DeliveryTarget) {
  const names = new Set([...Object.keys(first.options), ...Object.keys(other.options)])
  const differing = [...names].filter(
    (name) => JSON.stringify(first.options[name]) !== JSON.stringify(other.options[name]),
  )
  const lines = [first, other].flatMap(({ entries }) => entries[0]?.at ?? []).join(' and ')
  return {
    message: `${lines} lead to one place, ${id}, and do not agree about ${differing.join(', ')}.`,
    remedy: 'Write the same options in all lines, or write the place once under `destinations`.',
  }
}
