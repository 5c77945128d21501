import { CofferError } from '../../core/errors.ts'
import type { PutChange } from '../../core/ports/destination.ts'
import { decodeText } from '../../core/secret.ts'

/** The value of a put as text, for places that hold no other. @throws CofferError `invalid_value` */
export function textValue({ name, secret }: Pick<PutChange, 'name' | 'secret'>): string {
  const bytes = secret.revealBytes()
  try {
    const text = decodeText(bytes)
    if (!text.includes('\0')) return text
  } catch {
    // Said below, without the decoder's words.
  } finally {
    bytes.fill(0)
  }
  throw new CofferError('invalid_value', `The value of ${name} is no text, or holds a NUL.`)
}
