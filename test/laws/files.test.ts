import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { root, sources } from './sources.ts'

const LINES_MAX = 350
const ours = ['src', 'test', 'scripts', 'bench', 'examples']

const tracked = execFileSync('git', ['ls-files', ...ours, 'docs', '*.md', 'bin'], { cwd: root })
  .toString()
  .split('\n')
  .filter((file) => file !== '')

test('the law sees the project', () => {
  expect(tracked.length).toBeGreaterThan(120)
})

test('no file has more than one idea: at most 350 lines', () => {
  const long = sources('src', { tests: true })
    .map(({ file, text }) => ({ file, lines: text.split('\n').length - 1 }))
    .filter(({ lines }) => lines > LINES_MAX)
  expect(long).toEqual([])
})

test('nothing is left for later in the code', () => {
  // Written so that this file does not find itself.
  const later = new RegExp(
    `\\b(${['TO', 'FIX', 'XX'].map((w) => `${w}DO|${w}ME|${w}X`).join('|')})\\b`,
  )
  const found = tracked.filter((file) => later.test(readFileSync(path.join(root, file), 'utf8')))
  expect(found.filter((file) => !file.startsWith('docs/formats/vectors/'))).toEqual([])
})

test('every tracked text ends with one newline', () => {
  const texts = tracked.filter((file) => /\.(ts|js|md|json)$/.test(file))
  const found = texts.filter(
    (file) => !/[^\n]\n$/.test(readFileSync(path.join(root, file), 'utf8')),
  )
  expect(found).toEqual([])
})
