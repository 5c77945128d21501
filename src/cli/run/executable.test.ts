import { chmodSync, mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { findExecutable } from './executable.ts'

const dir = mkdtempSync(join(tmpdir(), 'coffer-exec-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

function file(name: string, text: string, mode: number): string {
  const path = join(dir, name)
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

test('the first that can be executed on the path is taken', () => {
  mkdirSync(join(dir, 'one'))
  mkdirSync(join(dir, 'two'))
  file('one/tool', 'x', 0o644)
  const tool = file('two/tool', '#!/bin/sh\n', 0o755)
  expect(findExecutable('tool', `${dir}/none:${dir}/one:${dir}/two`)).toEqual({
    file: tool,
    needsShell: false,
  })
  expect(() => findExecutable('tool', `${dir}/one`)).toThrow(/cannot be executed/)
})

test('a command is not found (127) or not executable (126)', () => {
  const code = (command: string, path = '/bin') => {
    try {
      findExecutable(command, path)
      return 0
    } catch (error) {
      return (error as { exitCode: number }).exitCode
    }
  }
  expect(code('no-such-command')).toBe(127)
  expect(code('')).toBe(127)
  expect(code('./no-such-file')).toBe(127)
  expect(code(dir)).toBe(126)
  expect(code(file('plain', 'x', 0o644))).toBe(126)
  expect(code(file('crlf', '#!/bin/sh\r\n', 0o755))).toBe(126)
  expect(code(file('lost', '#!/no/such/interpreter\n', 0o755))).toBe(126)
})

test('what the system does not start by itself goes to a shell', () => {
  expect(findExecutable(file('bare', 'echo hi\n', 0o755), undefined).needsShell).toBe(true)
  expect(findExecutable(file('empty', '', 0o755), undefined).needsShell).toBe(true)
  expect(findExecutable(file('script', '#! /bin/sh -e\n', 0o755), undefined).needsShell).toBe(false)
  expect(findExecutable(process.execPath, undefined).needsShell).toBe(false)
})
