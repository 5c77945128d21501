import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { devNull, tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hcl, hclText } from './hcl.ts'

const NASTY = [
  '',
  '"',
  '\\',
  '\\"',
  '${var.x}',
  '$${var.x}',
  '$$$${',
  '%{ if true }',
  '%%{',
  '$%{',
  '%${',
  '${',
  '%{',
  '$',
  '{',
  'a\nb\r\n\tc',
  '\u0000\u0007\u007f\u0085\u2028',
  'EOT',
  '<<EOT',
  '# // /* */',
  'é €🔑',
  '"\n}\nresource "x" "y" {}\n',
]
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.constantFrom('$', '%', '{', '}', '"', '\\', '\n', 'u', '0', 'a'))
    .map((c) => c.join('')),
)

test('a text is one quoted template that means that text', () => {
  fc.assert(
    fc.property(text, (given) => {
      expect(meaning(hclText(given))).toBe(given)
    }),
    { numRuns: 5_000, seed: 8 },
  )
  for (const given of NASTY) expect(meaning(hclText(given)), given).toBe(given)
})

test('members are aligned with their neighbours, as terraform fmt does', () => {
  const value = {
    a: 1,
    bcd: true,
    list: ['x', 'y'],
    e: null,
    longer: 'z',
    'a/b': {},
    of: { c: [] },
  }
  expect(hcl(value)).toBe(`{
  a   = 1
  bcd = true
  list = [
    "x",
    "y",
  ]
  e      = null
  longer = "z"
  "a/b"  = {}
  of = {
    c = []
  }
}`)
})

const terraform = spawnSync('terraform', ['version'], { encoding: 'utf8' }).status === 0

test.skipIf(!terraform)('Terraform reads the same (needs terraform)', { timeout: 60_000 }, () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'coffer-hcl-'))
  const env = { ...process.env, CHECKPOINT_DISABLE: '1', TF_CLI_CONFIG_FILE: devNull }
  const run = (...args: string[]) => {
    const done = spawnSync('terraform', args, { cwd: dir, env, encoding: 'utf8', timeout: 50_000 })
    expect(done.status, `${args[0]}: ${done.stderr}${done.stdout}`).toBe(0)
    return done.stdout
  }
  // NUL stands in no output of Terraform.
  const texts = [...NASTY, ...fc.sample(text, { numRuns: 500, seed: 8 })]
    .filter((given) => given.isWellFormed())
    .map((given) => given.replaceAll('\0', ' '))
  const members = Object.fromEntries(texts.map((given, at) => [`${at} ${given}`, given]))
  try {
    writeFileSync(
      path.join(dir, 'a.tf'),
      `output "x" {\n  value = ${hcl({ texts, members }, 1)}\n}\n`,
    )
    run('apply', '-auto-approve', '-input=false')
    const { x } = JSON.parse(run('output', '-json')) as { x: { value: unknown } }
    const nfc = (given: string) => given.normalize('NFC')
    expect(x.value).toEqual({
      texts: texts.map(nfc),
      members: Object.fromEntries(
        Object.entries(members).map(([key, value]) => [nfc(key), nfc(value)]),
      ),
    })
  } finally {
    rmSync(dir, { recursive: true })
  }
})

/** Of a quoted template by HCL's specification; throws where it is not exactly one without parts. */
function meaning(written: string): string {
  const inner = /^"(?<inner>[^]*)"$/.exec(written)?.groups?.inner ?? '${'
  const token = /\\([nrt"\\])|\\u([0-9a-f]{4})|\$\$\{|%%\{|\$(?!\{)|%(?!\{)|[^\\"$%\n]/gu
  let at = 0
  let out = ''
  for (const found of inner.matchAll(token)) {
    if (found.index !== at) break
    at += found[0].length
    const [all, short, code] = found
    if (short !== undefined) out += { n: '\n', r: '\r', t: '\t' }[short] ?? short
    else if (code !== undefined) out += String.fromCharCode(Number.parseInt(code, 16))
    else out += all.length === 3 ? all.slice(1) : all
  }
  if (at !== inner.length) throw new Error(`Not one text: ${written}`)
  return out
}
