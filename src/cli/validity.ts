import type { VersionChange } from '../core/ports/coffer.ts'
import { instant } from './time.ts'

interface ValidityOptions {
  readonly expires: string | undefined
  readonly 'not-before': string | undefined
}

/** What the options say of a version's time; an empty text removes. @throws CofferError `invalid_argument` */
export function validityOf(
  options: ValidityOptions,
  now: number,
): Pick<VersionChange, 'expiresAt' | 'notBefore'> {
  const { expires, 'not-before': notBefore } = options
  const at = (text: string, name: keyof ValidityOptions) =>
    text === '' ? null : instant(text, name, now, 1)
  return {
    ...(expires === undefined ? {} : { expiresAt: at(expires, 'expires') }),
    ...(notBefore === undefined ? {} : { notBefore: at(notBefore, 'not-before') }),
  }
}
