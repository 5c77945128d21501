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
      for (const { index, groups } of code.matchAll(pattern)) {
        const name = groups?.['text'] ?? ''
        if (name === '' || name.includes('${')) continue
        const provider = groups?.['provider']
        const written =
          provider === undefined || provider === 'coffer' ? name : `${provider}:${name}`
        const absolute = groups?.['object'] === undefined || provider !== undefined
        const place = placeOf(code, index)
        found.push({
          kind: 'reference',
          file,
          ...place,
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
  /\bsecretRef["']?[ \t]*:\s*(?<object>\{?)\s*["']?path["']?\s*:\s*["']?(?<text>[^\s"'{},]+)/g,
]
/** `process.env.NAME`, `env('NAME')`, `import.meta.env["NAME"]`. */
const VARIABLE = /\benv(?:\.|\?\.|\[\s*['"`]|\(\s*['"`])(?<name>[A-Z][A-Z0-9_]*)\b/g

const TOKEN =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g
const blank = (text: string): string => text.replace(/[^\n]/g, ' ')

/** Comments become spaces, so that places stay; strings are left alone. */
const blankComments = (text: string): string =>
  text.replace(TOKEN, (token) => (/^\/[/*]/.test(token) ? blank(token) : token))

const blankHashes = (text: string): string => text.replace(/(?:^|(?<=\s))#[^\n]*/gm, blank)

function placeOf(text: string, index: number): { line: number; column: number } {
  const before = text.slice(0, index)
  return { line: before.split('\n').length, column: index - before.lastIndexOf('\n') }
}
