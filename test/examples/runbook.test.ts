import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { bench } from '../../src/cli/test-world.ts'

const ROOT = path.join(import.meta.dirname, '../..')
const RUNBOOK = readFileSync(path.join(ROOT, 'docs/runbooks/secrets-management.md'), 'utf8')

/** Values that the runbook takes from whoever follows it. */
const GIVEN: Readonly<Record<string, string>> = {
  STRIPE_KEY: 'canary-of-the-runbook-0123456789ab',
  DATABASE_URL: 'postgres://canary-of-the-runbook@db.test/orders',
}

const store = await bench({ bare: true })
afterAll(() => store[Symbol.asyncDispose]())
const cwd = path.join(store.dir, 'storefront')
cpSync(path.join(ROOT, 'examples/storefront'), cwd, { recursive: true })

interface Block {
  readonly title: string
  readonly lines: readonly string[]
  readonly exit: number
}

/** What begins with `sh`, by its heading; `<!-- exits N -->` in front says how its last line ends. */
function blocksOf(text: string): Block[] {
  const found = text.matchAll(/^#+ (.+)$|(?:^<!-- exits (\d+) -->\n\n)?^```sh\n([^]*?)^```$/gm)
  let title = ''
  const blocks: Block[] = []
  for (const [, heading, exit = '0', body] of found) {
    if (heading !== undefined) title = heading
    else blocks.push({ title, lines: linesOf(body ?? ''), exit: Number(exit) })
  }
  return blocks
}

/** Commands, each with the document that it reads. */
function linesOf(body: string): string[] {
  const found = body.match(/^.*<<'(\w+)'\n[^]*?^\1$|^.+$/gm)
  return found ?? []
}

async function run(line: string): Promise<{ code: number; said: string }> {
  const copied = /^coffer (.*) \| coffer (.*)$/.exec(line)
  if (copied !== null) {
    const { out } = await store.run((copied[1] ?? '').split(/\s+/), { cwd })
    const ran = await store.run((copied[2] ?? '').split(/\s+/), { cwd, input: out })
    return { code: ran.code, said: ran.out + ran.err }
  }
  const piped = /^printf %s "\$(\w+)" \| coffer (.*)$/.exec(line)
  const args = piped?.[2] ?? /^coffer (.*)$/.exec(line)?.[1]
  if (args === undefined) {
    execFileSync('sh', ['-euc', line], { cwd, timeout: 10_000 })
    return { code: 0, said: '' }
  }
  const input = piped === null ? undefined : GIVEN[piped[1] ?? '']
  const ran = await store.run(args.split(/\s+/), { cwd, ...(input === undefined ? {} : { input }) })
  return { code: ran.code, said: ran.out + ran.err }
}

const blocks = blocksOf(RUNBOOK)

test('the runbook has a command for each step', () => {
  expect(blocks.length).toBeGreaterThanOrEqual(12)
  const steps = [...RUNBOOK.matchAll(/^### (\d+\..*)$/gm)].map(([, title]) => title)
  expect(blocks.map(({ title }) => title)).toEqual(expect.arrayContaining(steps))
})

test('every command of the runbook does what it says', { timeout: 60_000 }, async () => {
  let said = ''
  for (const { title, lines, exit } of blocks) {
    for (const [at, line] of lines.entries()) {
      const ran = await run(line)
      const expected = at === lines.length - 1 ? exit : 0
      expect(ran.code, `${title}: ${line}\n${ran.said}`).toBe(expected)
      said += ran.said
    }
  }
  expect(said).not.toContain('canary-of-the-runbook')
  const delivered = readFileSync(path.join(cwd, 'web.preview.env'), 'utf8')
  expect(delivered).toContain(GIVEN.STRIPE_KEY)
  expect(delivered).not.toContain('WEBHOOK_SECRET')
  expect(delivered).not.toContain('changed-by-hand')
})
