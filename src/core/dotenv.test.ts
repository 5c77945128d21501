import { parseEnv } from 'node:util'
import { parse } from 'dotenv'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { dotenvPieces, dotenvSpelling } from './dotenv.ts'

const odd = fc
  .array(
    fc.constantFrom('a', ' ', "'", '"', '`', '\\', '\n', '\r', '#', '=', '$', 'n', '\t', 'é', '{'),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''))

test('what has a spelling is read back as it was, by other readers too', () => {
  let spelled = 0
  fc.assert(
    fc.property(odd, (value) => {
      const spelling = dotenvSpelling(value)
      if (spelling === undefined) return
      spelled++
      expect(parse(`BEFORE=x\nA=${spelling}\nAFTER='y'\n`)).toEqual({
        BEFORE: 'x',
        A: value,
        AFTER: 'y',
      })
    }),
    { seed: 7, numRuns: 5_000 },
  )
  expect(spelled).toBeGreaterThan(3_000)
})

test('a quote inside of itself is the last resort, so that Node reads what is written as well', () => {
  expect(dotenvSpelling("a\\'b")).toBe('"a\\\'b"')
  expect(dotenvSpelling('a\\\'"b')).toBe('`a\\\'"b`')
  fc.assert(
    fc.property(odd, (value) => {
      const spelling = dotenvSpelling(value)
      if (spelling === undefined || value.includes('\r')) return
      if (["'", '"', '`'].every((quote) => value.includes(quote))) return
      expect(parseEnv(`BEFORE=x\nA=${spelling}\nAFTER='y'\n`)).toMatchObject({
        A: value,
        AFTER: 'y',
      })
    }),
    { seed: 11, numRuns: 5_000 },
  )
})

test('the pieces are the whole text, with its lines', () => {
  fc.assert(
    fc.property(odd, odd, (one, two) => {
      const text = `\ufeffA=${one}\r\n${two}\nB='x\ny'\rC=1`
      const pieces = dotenvPieces(text)
      expect(pieces.map(({ start, end }) => text.slice(start, end)).join('')).toBe(text)
      for (const { start, line } of pieces) {
        expect(text.slice(0, start).split(/\r\n?|\n/).length).toBe(line)
      }
    }),
    { seed: 8, numRuns: 1_000 },
  )
})

test('assignments, comments and what is neither are told apart', () => {
  const text = '# note\nexport A = one # two\nB: "x\\ny"\n\nno assignment\nC=\'open\n'
  expect(dotenvPieces(text).map(({ kind, line }) => [line, kind])).toEqual([
    [1, 'nothing'],
    [2, 'assignment'],
    [3, 'assignment'],
    [4, 'nothing'],
    [5, 'bad'],
    [6, 'bad'],
  ])
})

test('a value that ends in backslashes is closed where every reader closes it', () => {
  const text = String.raw`A="C:\\dir\\"` + '\nB="x" # said\nC=\'y\\\'\n'
  const read = Object.fromEntries(
    dotenvPieces(text).map((piece) =>
      piece.kind === 'assignment' ? [piece.name, piece.value] : [piece.kind, piece.line],
    ),
  )
  expect(read).toEqual(parse(text))
  expect(read).toEqual({ A: String.raw`C:\\dir\\`, B: 'x', C: 'y\\' })
  expect(dotenvPieces('A="a\\" b\nB=1\n')[0]).toMatchObject({ kind: 'bad', name: 'A' })
})
