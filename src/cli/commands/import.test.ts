import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { bench } from '../test-world.ts'

const store = await bench()
afterAll(() => store[Symbol.asyncDispose]())
const { run, dir } = store
const CANARY = 'c4n4ry-5d21'

function file(name: string, text: string): string {
  const path = join(dir, name)
  writeFileSync(path, text)
  return path
}

test('variables keep their names, and come out of export and import again unchanged', async () => {
  const text = [
    'DB_URL=postgres://u:p@h/db?x=1#frag',
    'export QUOTED="a\\nb"',
    "SINGLE='it is # no comment $HOME'",
    'MULTI="line one\nline two"',
    'EMPTY=',
    'SPACED = padded   # comment',
    'BACK=`tick "and" \'quote\'`',
    '# a comment',
    '',
  ].join('\n')
  const done = await run(['import', file('a.env', text), '--prefix', 'i/a'])
  expect(done.code, done.err).toBe(0)
  expect(done.err).toContain('line 1: DB_URL ends at its #')
  const exported = await run(['export', 'i/a', '--format', 'json', '--json'])
  expect(exported.json()).toEqual({
    'db-url': 'postgres://u:p@h/db?x=1',
    quoted: 'a\nb',
    single: 'it is # no comment $HOME',
    multi: 'line one\nline two',
    empty: '',
    spaced: 'padded',
    back: 'tick "and" \'quote\'',
  })
  expect((await run(['show', 'i/a/db-url', '--json'])).json()).toMatchObject({ envName: 'DB_URL' })
  const dotenv = (await run(['export', 'i/a'])).out
  const back = await run(['import', file('b.env', dotenv), '--prefix', 'i/b'])
  expect(back.code, back.err).toBe(0)
  expect((await run(['export', 'i/b', '--format', 'json'])).out).toBe(exported.out)
})

test('nothing of a bad file is stored, and every bad line is named without its text', async () => {
  const text = `GOOD=1\n${CANARY}\nDUP=a\nDUP=${CANARY}\nOPEN="${CANARY}\n`
  const { code, err } = await run(['import', file('bad.env', text), '--prefix', 'i/bad'])
  expect(code).toBe(64)
  for (const line of ['line 2:', 'line 4:', 'line 5:']) expect(err).toContain(line)
  expect(err, 'each is told once').not.toContain('other readers')
  expect(err).not.toContain(CANARY)
  expect((await run(['list', 'i/bad', '--json'])).json()).toMatchObject({ items: [] })
})

test('of very many problems a person is shown some, and a script all', async () => {
  const many = file('many.env', Array.from({ length: 60 }, (_, n) => `MANY_${n}=x\n`).join(''))
  expect((await run(['import', many, '--prefix', 'i/many'])).code).toBe(0)
  const { err } = await run(['import', many, '--prefix', 'i/many'])
  expect(err.match(/^ {2}- /gm)).toHaveLength(20)
  expect(err).toContain('  and 40 more: see --json\n')
  const all = await run(['import', many, '--prefix', 'i/many', '--json'])
  expect(JSON.parse(all.err)).toMatchObject({ error: { details: { problems: { length: 60 } } } })
})

test('what exists is overwritten or skipped only when that was chosen', async () => {
  const first = file('e.env', 'A_KEY=1\n')
  const second = file('f.env', 'A_KEY=2\nB_KEY=2\n')
  await run(['import', first, '--prefix', 'i/e'])
  const refused = await run(['import', second, '--prefix', 'i/e'])
  expect([refused.code, refused.err.includes('i/e/a-key')]).toEqual([73, true])
  expect((await run(['get', 'i/e/b-key'])).code).toBe(66)
  await run(['import', second, '--prefix', 'i/e', '--skip-existing'])
  expect((await run(['export', 'i/e', '--format', 'json'])).json()).toEqual({
    'a-key': '1',
    'b-key': '2',
  })
  await run(['import', second, '--prefix', 'i/e', '--overwrite'])
  expect((await run(['get', 'i/e/a-key'])).out).toBe('2')
  expect((await run(['get', 'i/e/a-key', '--version', '1'])).out).toBe('1')
})

test('two names with one path, and $ references, are told', async () => {
  const both = await run(['import', file('g.env', 'A_B=1\nA.B=2\n'), '--prefix', 'i/g'])
  expect([both.code, both.err.includes('i/g/a-b')]).toEqual([64, true])
  const reference = await run(['import', file('h.env', "U='x${HOME}'\n"), '--prefix', 'i/h'])
  expect(reference.err).toContain('not expanded')
  expect((await run(['get', 'i/h/u'])).out).toBe('x${HOME}')
})

test('a dry run stores nothing and shows no value', async () => {
  const { code, out } = await run([
    'import',
    file('d.env', `K=${CANARY}\n`),
    '--prefix',
    'i/d',
    '--dry-run',
  ])
  expect([code, out.includes('i/d/k'), out.includes(CANARY)]).toEqual([0, true, false])
  expect((await run(['list', 'i/d', '--json'])).json()).toMatchObject({ items: [] })
})

test('nested JSON and YAML become paths, digits as written', async () => {
  const json =
    '{"db":{"url":"u","port":5432,"big":12345678901234567890.10},"DB_HOST":"h","on":true,"list":[1,{"a":null}]}'
  const one = await run(['import', file('n.json', json), '--prefix', 'i/n'])
  expect(one.code, one.err).toBe(0)
  const yaml =
    'db:\n  url: u\n  port: 5432\n  big: 12345678901234567890.10\nDB_HOST: h\non: true\nlist: [1, {a: b}]\n'
  const two = await run(['import', file('n.yaml', yaml), '--prefix', 'i/y'])
  expect(two.code, two.err).toBe(0)
  for (const prefix of ['i/n', 'i/y']) {
    const all = (await run(['export', prefix, '--format', 'json'])).json<Record<string, unknown>>()
    expect(all).toMatchObject({
      db: { url: 'u', port: '5432', big: '12345678901234567890.10' },
      'db-host': 'h',
      on: 'true',
    })
  }
  expect((await run(['get', 'i/n/list'])).out).toBe('[1,{"a":null}]')
  expect((await run(['get', 'i/y/list'])).out).toBe('[1,{"a":"b"}]')
})

test('a YAML list is the JSON list that is written the same way, digits kept', async () => {
  const yaml =
    'ports: [80, "80", 1.50, 12345678901234567890, -1e3]\nwords: [true, yes, 010, 0x1F, !!str 5]\n' +
    'deep:\n  - name: a\n    of: [~, null, [x]]\n    none:\n  - !!int 7\n'
  const done = await run(['import', file('l.yaml', yaml), '--prefix', 'i/l'])
  expect(done.code, done.err).toBe(0)
  const list = async (name: string) => (await run(['get', `i/l/${name}`])).out
  expect(await list('ports')).toBe('[80,"80",1.50,12345678901234567890,-1e3]')
  expect(await list('words')).toBe('[true,"yes","010","0x1F","5"]')
  expect(await list('deep')).toBe('[{"name":"a","of":[null,null,["x"]],"none":null},7]')
})

test('of many values the one that is refused is named', async () => {
  await run(['set', 'i/w/port', '--type', 'number'], { input: '1' })
  const wrong = file('w.env', `HOST=h\nPORT=${CANARY}\n`)
  const { code, err } = await run(['import', wrong, '--prefix', 'i/w', '--overwrite'])
  expect([code, err.includes(CANARY)]).toEqual([65, false])
  expect(err).toContain('i/w/port: It is no value of type number')
  const long = file('w2.env', `A=1\nLONG=${'x'.repeat(70_000)}\n`)
  expect((await run(['import', long, '--prefix', 'i/w2'])).err).toContain(
    'i/w2/long: The value has',
  )
  const half = file('w.json', '{"a":"1","half":"\\ud800"}')
  expect((await run(['import', half, '--prefix', 'i/w3'])).err).toContain('i/w3/half: The text')
})

test('a folder is not read as a file, and is called one', async () => {
  const { code, err } = await run(['import', dir, '--prefix', 'i/dir'])
  expect([code, err.includes(`${dir} is a folder`)], err).toEqual([64, true])
})

test('what `run` cannot name is told at once, with what names it', async () => {
  const { code, err } = await run([
    'import',
    file('n.env', '2FA_KEY=x\nA.B=y\n'),
    '--prefix',
    'i/m',
  ])
  expect(code).toBe(0)
  expect(err).toContain('`coffer update i/m/2fa-key --env-name NAME`')
  expect(err).toContain("A.B cannot be a variable's name; `coffer run` will name it by its path")
})

test.each([
  ['null.json', '{"a":null}', 'null'],
  ['twice.json', '{"a":"x",\n"a":"y"}', 'line 2'],
  ['broken.json', '{"a":', 'not JSON'],
  ['top.json', '["a"]', 'no object'],
  ['twice.yaml', 'a: x\na: y\n', 'line 2'],
  ['alias.yaml', 'a: &x 1\nb: *x\n', 'line 2'],
  ['listed-alias.yaml', 'a: &x 1\nb:\n  - y: *x\n', 'line 3'],
  ['tag.yaml', 'a: x\nb: !vault 61626364\n', 'line 2'],
  ['listed-tag.yaml', 'a: x\nb: [!Ref y]\n', 'line 2'],
  ['binary.yaml', 'a: !!binary aGVsbG8=\n', 'tag'],
  ['keys.yaml', 'a:\n  - ? [x]\n    : y\n', 'key'],
  ['many.yaml', 'a: 1\n---\nb: 2\n', '2 documents'],
  ['null.yaml', 'a:\nb: 1\n', 'null'],
  ['proto.json', '{"a/b":"x"}', 'path'],
])('%s is refused', async (name, text, why) => {
  const { code, err } = await run(['import', file(name, text), '--prefix', 'i/z'])
  expect([code, err.includes(why)], err).toEqual([64, true])
})

test('__proto__ is an ordinary name', async () => {
  const done = await run(['import', file('p.json', '{"__proto__":{"x":"1"}}'), '--prefix', 'i/p'])
  expect(done.code, done.err).toBe(0)
  expect((await run(['get', 'i/p/__proto__/x'])).out).toBe('1')
  expect((await run(['export', 'i/p', '--format', 'json'])).out).toContain('__proto__')
})

test('exported YAML is text that readers of 1.1 and 1.2 take for the same', async () => {
  const value = 'a\x7fb\x85c\x9fd\u2028e\ufefff\uffffg\x01\x1b'
  const odd = { value, on: 'x', no: 'y', n: { '010': 'z', '1_000': 'q', '12:30': 't' } }
  await run(['import', file('odd.json', JSON.stringify(odd)), '--prefix', 'i/odd'])
  const { out } = await run(['export', 'i/odd', '--format', 'yaml'])
  // eslint-disable-next-line no-control-regex
  expect(out).not.toMatch(/[^\n\x20-\x7e]/)
  for (const version of ['1.1', '1.2'] as const) expect(parse(out, { version })).toEqual(odd)
  await run(['import', file('odd.yaml', out), '--prefix', 'i/odd2'])
  expect((await run(['get', 'i/odd2/value'])).out).toBe(value)
})

test('what a dotenv file cannot hold is named at once, all of it', async () => {
  const odd = Object.fromEntries(Array.from({ length: 22 }, (_, i) => [`odd-${i + 10}`, `'"\`\n`]))
  await run([
    'import',
    file('dot.json', JSON.stringify({ ...odd, fine: 'x' })),
    '--prefix',
    'i/dot',
  ])
  const { code, out, err } = await run(['export', 'i/dot', '--format', 'dotenv'])
  expect([code, out], err).toEqual([65, ''])
  expect(err).toContain('i/dot/odd-10, i/dot/odd-11, ')
  expect(err).toContain('i/dot/odd-29 and 2 more exactly')
  expect(err).not.toContain('fine')
})

test("export keeps values off terminals and out of other people's files", async () => {
  await run(['set', 'i/x/a'], { input: CANARY })
  const shown = await run(['export', 'i/x'], { tty: true })
  expect([shown.code, shown.out]).toEqual([64, ''])
  expect((await run(['export', 'i/x', '--force'], { tty: true })).out).toBe(`A=${CANARY}\n`)
  expect((await run(['export', 'i/x', '--format', 'shell'])).out).toBe(`export A='${CANARY}'\n`)
  expect((await run(['export', 'i/nothing'])).code).toBe(66)
})
