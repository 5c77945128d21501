import type { Destination } from '../../core/ports/destination.ts'
import type { DestinationContext } from './context.ts'
import { fileDestination } from './files/destination.ts'
import { editDotenv, spell } from './files/dotenv-text.ts'

/**
 * Variables of a dotenv file, mode 0600. Options: `file`, below the manifest's folder. What others
 * wrote there stays byte for byte; ours stands in a block of its own.
 */
export const dotenv = (context: DestinationContext): Destination =>
  fileDestination('dotenv', { name: NAMES, accepts: spell, read: editDotenv }, context)

const NAMES = {
  // Readers that make an object of the file lose __proto__.
  pattern: /^(?!__proto__$)[A-Za-z_][A-Za-z0-9_]*$/,
  says: 'letters, digits and _, no digit first',
  charsMax: 256,
} as const
