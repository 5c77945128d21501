import { expect, test } from 'vitest'
import { formatOfFile, FORMATS, REPORTERS } from './registry.ts'
import type { CheckReport, ReportContext } from './reporter.ts'

const NASTY = 'a"b<c>&\u0000\u001b[31m\n::error::x,y:50%0A\u202e|`x`\uffff ü'
const finding = (code: string, more: object = {}) => ({
  code,
  severity: 'error' as const,
  path: `shop/prod/api/${NASTY}`,
  message: NASTY,
  remedy: `coffer set ${NASTY}`,
  environment: 'prod',
  file: 'a b/coffer#.yaml',
  line: 7,
  column: 3,
  ...more,
})
const REPORT: CheckReport = {
  ok: false,
  environments: ['prod', 'preview'],
  secrets: [{ environment: 'prod', path: 'shop/prod/api/fine' }],
  findings: [
    finding('not_found'),
    finding('denied'),
    finding('plaintext_secret', { environment: undefined, path: 'config/prod.yaml:3' }),
    finding('expires_soon', { severity: 'warning', file: undefined, line: undefined }),
  ],
}
const NONE: CheckReport = { ok: true, environments: [], secrets: [], findings: [] }
const context: ReportContext = {
  base: 'apps/web/',
  version: '1.2.3',
  now: Date.UTC(2026, 0, 2),
  look: { color: false },
}
const render = async (format: keyof typeof REPORTERS, report = REPORT, more: object = {}) =>
  (await REPORTERS[format]())(report, { ...context, ...more })

test.each(FORMATS)('%s holds no control characters, and every finding', async (format) => {
  const text = await render(format)
  // oxlint-disable-next-line no-control-regex
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/)
  for (const { code } of REPORT.findings) expect(text).toContain(code.split('_')[0])
  expect(text.endsWith('\n')).toBe(true)
  expect(text.split('\n').filter((line) => line.startsWith('::error::'))).toEqual([])
})

test.each(FORMATS)('%s of nothing found is whole as well', async (format) => {
  const text = await render(format, NONE)
  const nothing: Readonly<Record<string, string>> = {
    json: '"findings": []',
    sarif: '"results": []',
    junit: 'failures="0"',
    markdown: 'complete',
  }
  expect(text).toContain(nothing[format] ?? '')
})

test('a JUnit report has a case for each secret and counts what failed, each case once', async () => {
  const text = await render('junit')
  expect([...text.matchAll(/tests="(\d+)" failures="(\d+)"/g)].map(([, ...n]) => n)).toEqual([
    ['2', '1'],
    ['0', '0'],
    ['1', '1'],
  ])
  expect(text).toContain('<testcase name="shop/prod/api/fine" classname="coffer.prod" time="0"/>')
  expect(text).toContain('timestamp="2026-01-02T00:00:00"')
  expect(text.match(/<failure /g)).toHaveLength(2)
  const entities = text.replace(/&(?:amp|lt|gt|quot);/g, '')
  expect(entities).not.toMatch(/&|\uffff/)
})

test('a SARIF report points into the repository, and its fingerprints stay when lines move', async () => {
  const runOf = async (findings: CheckReport['findings']) => {
    const document = JSON.parse(await render('sarif', { ...REPORT, findings })) as {
      runs: { tool: { driver: { rules: { id: string }[] } }; results: Record<string, never>[] }[]
    }
    return document.runs[0]!
  }
  const { tool, results } = await runOf(REPORT.findings)
  expect(tool.driver.rules.map(({ id }) => id)).toEqual([
    'denied',
    'expires_soon',
    'not_found',
    'plaintext_secret',
  ])
  expect(results[0]).toMatchObject({
    ruleId: 'not_found',
    ruleIndex: 2,
    level: 'error',
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: 'apps/web/a%20b/coffer%23.yaml' },
          region: { startLine: 7, startColumn: 3 },
        },
      },
    ],
  })
  const moved = REPORT.findings.map((one) => ({
    ...one,
    line: 900,
    message: 'other',
    path: one.path.replace(':3', ':900'),
  }))
  const prints = (found: readonly Record<string, unknown>[]) =>
    found.map(({ partialFingerprints }) => JSON.stringify(partialFingerprints))
  expect(prints((await runOf(moved)).results)).toEqual(prints(results))
  expect(new Set(prints(results)).size).toBe(REPORT.findings.length)
})

test('an annotation for GitHub is one line, whose parts cannot break out', async () => {
  const lines = (await render('github')).trimEnd().split('\n')
  expect(lines).toHaveLength(REPORT.findings.length)
  expect(lines[0]).toMatch(
    /^::error file=apps\/web\/a b\/coffer#\.yaml,line=7,col=3,title=not_found \(prod\)::shop/,
  )
  expect(lines[0]).toContain('50%250A')
  expect(lines[3]).toMatch(/^::warning title=expires_soon \(prod\)::/)
  const comma = await render('github', {
    ...REPORT,
    findings: [finding('a', { file: 'x,y:%.yaml' })],
  })
  expect(comma).toContain('file=apps/web/x%2Cy%3A%25.yaml,')
})

test('a Markdown report lets nothing through that Markdown would act on', async () => {
  const text = await render('markdown')
  expect(text).not.toMatch(/`|<(?!\/?code>)/)
  const many = Array.from({ length: 201 }, (_, i) => finding('not_found', { path: `a/${i}` }))
  expect(await render('markdown', { ...REPORT, findings: many })).toContain('1 more are not shown.')
})

test('the table is grouped by environment, in colours only where they are seen', async () => {
  const text = await render('table')
  expect(text).toMatch(/^prod: 2 errors, 1 warning\n/)
  expect(text).toContain('\nThe project: 1 error\n')
  expect(text).toContain('try: coffer set')
  expect(await render('table', REPORT, { look: { color: true } })).toContain('\u001b[31m')
})

test('what a file is to look like is told by its name', () => {
  expect(['a.sarif', 'b/R.XML', 'c.json', 'd.md', 'e.html'].map(formatOfFile)).toEqual([
    'sarif',
    'junit',
    'json',
    'markdown',
    undefined,
  ])
})
