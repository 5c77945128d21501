import { COFFER } from '../../reference.ts'
import type { Usage } from '../facts.ts'

/**
 * The references and variables in a file's text. Comments are passed over; text that is put together
 * at run time (`secretRef(name)`, templates with `${}`) is not known, and not told.
 */
export function usagesIn(bytes: Buffer, file: string, kind: 'code' | 'document'): Usage[] {
  const refers = bytes.includes('secretRef')
  if (!refers && (kind === 'document' || !bytes.includes('env'))) return []
  const text = bytes.toString('utf8')
  const code = kind === 'code' ? blankComments(text) : blankHashes(text)
  const found: Usage[] = []
  if (refers) {
    for (const pattern of kind === 'code' ? IN_CODE : IN_DOCUMENTS) {
      const placeOf = placesIn(code)
      for (const { index, groups } of code.matchAll(pattern)) {
        const name = groups?.['text'] ?? ''
        if (name === '' || name.includes('${')) continue
        const provider = groups?.['provider']
        const written = provider === undefined || provider === COFFER ? name : `${provider}:${name}`
        const absolute = groups?.['object'] === undefined || provider !== undefined
        found.push({
          kind: 'reference',
          file,
          ...placeOf(index),
          written: absolute ? written : `/${written}`,
        })
      }
    }
  }
  if (kind === 'code') {
    for (const { groups } of code.matchAll(VARIABLE)) {
      found.push({ kind: 'variable', name: groups?.['name'] ?? '' })
    }
  }
  return found
}

const QUOTED = String.raw`(?<quote>['"\`])(?<text>(?:(?!\k<quote>)[^\\\n])*)\k<quote>`
const PROVIDER = String.raw`provider\s*:\s*['"](?<provider>[a-z0-9-]+)['"]`
const IN_CODE = [
  new RegExp(String.raw`\bsecretRef\s*\(\s*${QUOTED}`, 'g'),
  new RegExp(
    String.raw`\bsecretRef\s*\(\s*(?<object>\{)\s*(?:${PROVIDER}\s*,\s*)?path\s*:\s*${QUOTED}`,
    'g',
  ),
  new RegExp(String.raw`\bsecretRef['"]?\s*:\s*${QUOTED}`, 'g'),
]
const IN_DOCUMENTS = [
  /\bsecretRef(?:["'][ \t]*:[ \t]*|[ \t]*:[ \t]+)["']?(?<text>[^\s"'{}[\],#&*|>][^\s"'{}[\],#]*)/g,
  /\bsecretRef["']?[ \t]*:\s*(?<object>(?:\{\s*)?)["']?path["']?\s*:\s*["']?(?<text>[^\s"'{},]+)/g,
]
/** `process.env.NAME`, `env('NAME')`, `import.meta.env["NAME"]`. */
const VARIABLE = /\benv(?:\.|\?\.|\[\s*['"`]|\(\s*['"`])(?<name>[A-Z][A-Z0-9_]*)\b/g

/** Comments become spaces, so that places stay; strings are left alone. One pass, whatever is in it. */
function blankComments(code: string): string {
  const kept: string[] = []
  /** What no later one of its kind will find the end of either. */
  const open: Record<string, number> = {}
  let from = 0
  TOKEN.lastIndex = 0
  for (let found = TOKEN.exec(code); found !== null; found = TOKEN.exec(code)) {
    const [sign] = found
    if (found.index < (open[sign] ?? 0)) continue
    const { end, closed } = endOf(code, sign, TOKEN.lastIndex)
    if (!closed) {
      open[sign] = end
      continue
    }
    if (sign.startsWith('/')) {
      kept.push(code.slice(from, found.index), blank(code.slice(found.index, end)))
      from = end
    }
    TOKEN.lastIndex = end
  }
  return kept.join('') + code.slice(from)
}

const TOKEN = /\/\*|\/\/|['"`]/g
const blank = (text: string): string => text.replace(/[^\n]/g, ' ')

/** Where what began with the sign ends, or where it can no longer. */
function endOf(code: string, sign: string, from: number): { end: number; closed: boolean } {
  if (sign.startsWith('/')) {
    const end = code.indexOf(sign === '//' ? '\n' : '*/', from)
    if (sign === '//') return { end: end === -1 ? code.length : end, closed: true }
    return end === -1 ? { end: code.length, closed: false } : { end: end + 2, closed: true }
  }
  for (let i = from; i < code.length; i++) {
    const char = code[i]
    if (char === '\\') i++
    else if (char === sign) return { end: i + 1, closed: true }
    else if (char === '\n' && sign !== '`') return { end: i, closed: false }
  }
  return { end: code.length, closed: false }
}

const blankHashes = (text: string): string => text.replace(/(?:^|(?<=\s))#[^\n]*/gm, blank)

/** Finds the place of an index; indexes only grow. */
function placesIn(code: string): (index: number) => { line: number; column: number } {
  let line = 1
  let start = 0
  return (index) => {
    if (index < start) [line, start] = [1, 0]
    for (let end = code.indexOf('\n', start); end !== -1 && end < index;) {
      line++
      start = end + 1
      end = code.indexOf('\n', start)
    }
    return { line, column: index - start + 1 }
  }
}
