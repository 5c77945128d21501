import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { mkdirSync, readdirSync, symlinkSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parse } from 'dotenv'
import { afterEach, expect, test } from 'vitest'
import { CofferError } from '../../core/errors.ts'
import type { PutChange } from '../../core/ports/destination.ts'
import { textSecret } from '../../core/secret.ts'
import { asNobody, canBeNobody } from '../../testing/as-nobody.ts'
import { deliveryContext, destinationContract } from '../../testing/destination-contract.ts'
import { dotenv } from './dotenv.ts'

const dirs: string[] = []
const folder = (): string => {
  const dir = mkdtempSync(path.join(tmpdir(), 'coffer-dotenv-'))
  dirs.push(dir)
  return dir
}
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true })
})
const at = (dir: string, file = 'out.env') =>
  dotenv({ env: {}, options: { file }, dir, environment: 'test' })
const context = deliveryContext('shop/test')
const put = (
  name: string,
  text: string,
  expected: PutChange['expected'] = 'absent',
): PutChange => ({
  kind: 'put',
  name,
  secret: textSecret(name, text),
  path: `shop/test/api/${name}`,
  expected,
})

destinationContract('dotenv', () => {
  const dir = folder()
  const file = path.join(dir, 'out.env')
  const text = () => (existsSync(file) ? readFileSync(file, 'utf8') : '')
  const without = (name: string) =>
    text()
      .split('\n')
      .filter((line) => !line.startsWith(`${name}=`))
      .join('\n')
  return {
    destination: at(dir),
    name: (word) => word.toUpperCase(),
    // As a person would: the line that is there is edited, or one is added at the end.
    put: (name, value) => {
      const line = `${name}='${value}'`
      const edited = text().replace(new RegExp(`^${name}=.*$`, 'm'), line)
      writeFileSync(file, text().includes(`${name}=`) ? edited : `${text()}${line}\n`)
    },
    remove: (name) => writeFileSync(file, without(name)),
    value: (name) => new Map(Object.entries(parse(text()))).get(name),
    fail: (fault) => {
      if (fault === undefined) chmodSync(file, 0o600)
      // As root nothing is denied; below it is tried as nobody.
      if (fault !== 'denied' || process.getuid?.() === 0) return fault === undefined
      chmodSync(file, 0)
      return true
    },
  }
})

test('what others wrote stays byte for byte, ours stands in a block, and goes without a trace', async () => {
  const dir = folder()
  const foreign = '\ufeff# mine\r\nexport A = \'one\' # note\r\n\r\nB="x\\ny"\r\nC=last'
  writeFileSync(path.join(dir, 'out.env'), foreign)
  const place = at(dir)
  await place.apply(context, [put('NEW', 'it\'s "new"'), put('D', 'two\nlines')])
  const now = readFileSync(path.join(dir, 'out.env'), 'utf8')
  expect(now.startsWith(`${foreign}\r\n# >>> coffer shop/test: `)).toBe(true)
  expect(parse(now)).toEqual({
    A: 'one',
    B: 'x\ny',
    C: 'last',
    NEW: 'it\'s "new"',
    D: 'two\nlines',
  })
  const listed = await place.list(context, [])
  const removals = listed
    .filter(({ owner }) => owner === 'shop/test')
    .map((expected) => ({ kind: 'remove', name: expected.name, expected }) as const)
  expect(removals.map(({ name }) => name)).toEqual(['NEW', 'D'])
  await place.apply(context, removals)
  expect(readFileSync(path.join(dir, 'out.env'), 'utf8')).toBe(`${foreign}\r\n`)
})

test('the file is private from its first byte, also where it was not', async () => {
  const dir = folder()
  const file = path.join(dir, 'out.env')
  const mode = () => statSync(file).mode & 0o777
  await at(dir).apply(context, [put('A', 'one')])
  expect(mode()).toBe(0o600)
  chmodSync(file, 0o644)
  await at(dir).apply(context, [put('B', 'two')])
  expect(mode()).toBe(0o600)
  expect(readdirSync(dir)).toEqual(['out.env'])
})

test('nothing to change writes nothing', async () => {
  const dir = folder()
  const file = path.join(dir, 'out.env')
  writeFileSync(file, 'A=foreign\n')
  const before = statSync(file).ino
  const [answer] = await at(dir).apply(context, [put('A', 'ours')])
  expect(answer).toMatchObject({ done: false, error: { code: 'conflict' } })
  expect(statSync(file).ino).toBe(before)
})

test('links lead nowhere', async () => {
  const [dir, outside] = [folder(), folder()]
  writeFileSync(path.join(outside, 'target.env'), 'A=1\n')
  symlinkSync(path.join(outside, 'target.env'), path.join(dir, 'out.env'))
  symlinkSync(outside, path.join(dir, 'sub'))
  for (const file of ['out.env', 'sub/target.env', 'sub/new.env']) {
    const place = at(dir, file)
    await expect(place.list(context, [])).rejects.toMatchObject({ code: 'denied' })
    const [answer] = await place.apply(context, [put('B', 'two', 'any')])
    expect(answer).toMatchObject({ done: false, error: { code: 'denied' } })
  }
  expect(readFileSync(path.join(outside, 'target.env'), 'utf8')).toBe('A=1\n')
  for (const file of ['../out.env', '/etc/app.env', '.', '', 'with space', 'a//b', 'a/']) {
    expect(() => at(dir, file), file).toThrow(CofferError)
  }
})

test('who writes is waited for, and what a dead one left is no obstacle', async () => {
  const dir = folder()
  const left = path.join(dir, '.out.env.coffer-new')
  writeFileSync(left, 'half')
  const busy = at(dir).apply(context, [put('A', 'zero')])
  await sleep(200)
  expect(readFileSync(left, 'utf8')).toBe('half')
  rmSync(left)
  expect(await busy).toEqual([{ done: true }])
  rmSync(path.join(dir, 'out.env'))
  writeFileSync(left, 'half')
  const agoSeconds = Date.now() / 1_000 - 2.7
  utimesSync(left, agoSeconds, agoSeconds)
  const [done] = await at(dir).apply(context, [put('A', 'one')])
  expect(done).toEqual({ done: true })
  expect(readdirSync(dir)).toEqual(['out.env'])
  const many = Array.from({ length: 8 }, (_, i) => at(dir).apply(context, [put(`N${i}`, 'x')]))
  const answers = (await Promise.all(many)).flat()
  const variables = parse(readFileSync(path.join(dir, 'out.env'), 'utf8'))
  for (const [i, answer] of answers.entries()) expect(`N${i}` in variables).toBe(answer.done)
  expect(answers.some((answer) => answer.done)).toBe(true)
})

test('a file that readers would not agree on is not touched', async () => {
  const dir = folder()
  const file = path.join(dir, 'out.env')
  const texts = [
    "A='open\n",
    '# >>> coffer shop/test: x\nA=1\n',
    '# <<< coffer shop/test\n',
    'A=1\nA=2\n',
  ]
  for (const text of texts) {
    writeFileSync(file, text)
    const [answer] = await at(dir).apply(context, [put('A', "it's", 'any')])
    expect(answer, text).toMatchObject({ done: false, error: { code: 'corrupt' } })
    expect(readFileSync(file, 'utf8')).toBe(text)
  }
})

test('folders that are not there are made when something is written, and nobody else may look into them', async () => {
  const dir = folder()
  const place = at(dir, 'out/prod/app.env')
  expect(place.id).toBe('dotenv:out/prod/app.env')
  expect(await place.list(context, [])).toEqual([])
  expect(await place.apply(context, [])).toEqual([])
  expect(readdirSync(dir)).toEqual([])
  expect(await place.apply(context, [put('A', 'one')])).toEqual([{ done: true }])
  for (const made of ['out', 'out/prod']) {
    expect(statSync(path.join(dir, made)).mode & 0o777, made).toBe(0o700)
  }
  expect(parse(readFileSync(path.join(dir, 'out/prod/app.env')))).toEqual({ A: 'one' })
})

test('a folder that is there keeps its mode', async () => {
  const dir = folder()
  mkdirSync(path.join(dir, 'out'), { mode: 0o755 })
  await at(dir, 'out/app.env').apply(context, [put('A', 'one')])
  expect(statSync(path.join(dir, 'out')).mode & 0o777).toBe(0o755)
})

test('what stands where a folder would be is told, and left alone', async () => {
  const dir = folder()
  writeFileSync(path.join(dir, 'out'), 'mine')
  symlinkSync('nowhere', path.join(dir, 'link'))
  const ways = {
    'out/app.env': 'not_found',
    'out/x/app.env': 'not_found',
    'link/app.env': 'denied',
  }
  for (const [file, code] of Object.entries(ways)) {
    const place = at(dir, file)
    await expect(place.list(context, []), file).rejects.toMatchObject({ code })
    const [answer] = await place.apply(context, [put('A', 'one')])
    expect(answer, file).toMatchObject({ done: false, error: { code } })
  }
  expect(readdirSync(dir).toSorted()).toEqual(['link', 'out'])
  expect(readFileSync(path.join(dir, 'out'), 'utf8')).toBe('mine')
})

test.skipIf(!canBeNobody())('what may not be read or written is denied, and stays', async () => {
  const dir = folder()
  const file = path.join(dir, 'out.env')
  writeFileSync(file, 'B=theirs\n')
  for (const [closed, mode] of [
    [file, 0],
    [dir, 0o500],
  ] as const) {
    chmodSync(closed, mode)
    const [answer] = await asNobody(dir, () => at(dir).apply(context, [put('A', 'one')]))
    expect(answer).toMatchObject({ done: false, error: { code: 'denied' } })
    chmodSync(closed, 0o700)
    expect([readdirSync(dir), readFileSync(file, 'utf8')]).toEqual([['out.env'], 'B=theirs\n'])
  }
})
