import { expect, test } from 'vitest'
import { gatherLines } from './gathered.ts'

function gathering(charsMin: number) {
  const written: string[] = []
  return { written, lines: gatherLines({ write: (text) => written.push(text) }, charsMin) }
}

test('lines are written together, whole and in order, once there are so many characters', () => {
  const { written, lines } = gathering(6)
  lines.write('ab\n')
  expect(written).toEqual([])
  lines.write('cd\n')
  lines.write('efghijkl\n')
  lines.write('m\n')
  expect(written).toEqual(['ab\ncd\n', 'efghijkl\n'])
})

test('what is passed is written once, and nothing is written where there is nothing', () => {
  const { written, lines } = gathering(100)
  lines.pass()
  lines.write('ab\n')
  lines.pass()
  lines.pass()
  expect(written).toEqual(['ab\n'])
})
