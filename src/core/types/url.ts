import { badValue, textOf } from './row.ts'
import type { TypeRow } from './row.ts'
import { checkText } from './text.ts'

/** `localhost:3000` parses as a URL with scheme `localhost`; nobody means that, so `//` is asked for. */
export const url: TypeRow = {
  summary: 'An absolute URL with a scheme and ://, as the WHATWG standard parses it.',
  constraints: ['pattern', 'min', 'max'],
  check: (spec, value) => {
    const text = textOf(spec, value)
    if (!ABSOLUTE.test(text) || !URL.canParse(text)) {
      throw badValue(
        spec,
        'is an absolute URL (scheme://…) without spaces',
        'Percent-encode special characters in a user name or password.',
      )
    }
    checkText(spec, text)
  },
}

/** The parser would drop white space and line breaks silently; a secret must not hold them. */
const ABSOLUTE = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^\s\p{Cc}]+$/u
