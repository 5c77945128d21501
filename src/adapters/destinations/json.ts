import type { Destination } from '../../core/ports/destination.ts'
import type { DestinationContext } from './context.ts'
import { fileDestination } from './files/destination.ts'
import { editJson, MARKS } from './files/json-text.ts'

/**
 * Members of a JSON file's object, mode 0600. Options: `file`, below the manifest's folder. What
 * others wrote there keeps its meaning and its order.
 */
export const json = (context: DestinationContext): Destination =>
  fileDestination('json', { name: NAMES, read: editJson }, context)

const NAMES = {
  pattern: new RegExp(`^(?!${MARKS}$)[^\\p{Cc}\\p{Cs}]+$`, 'u'),
  says: 'text without control characters',
  charsMax: 256,
} as const
