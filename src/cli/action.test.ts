import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { startTestIssuer } from '../../test/support/issuer.ts'
import type { TestIssuer } from '../../test/support/issuer.ts'
import { githubJwt } from '../client/github-jwt.ts'
import { LIMITS } from '../core/limits.ts'
import { ADMIN, startTestServer } from '../server/test-server.ts'
import type { TestServer } from '../server/test-server.ts'

/** The action as a runner would do it: its steps, their conditions, and files for outputs. */
const ROOT = path.join(import.meta.dirname, '../..')
const MAIN = path.join(import.meta.dirname, 'test-main.ts')

interface Step {
  readonly id?: string
  readonly if?: string
  readonly shell: string
  readonly env: Readonly<Record<string, string>>
  readonly run: string
  readonly 'working-directory'?: string
}
const action = parse(readFileSync(path.join(ROOT, 'action.yml'), 'utf8')) as {
  inputs: Record<string, { default?: string }>
  outputs: Record<string, { value: string }>
  runs: { steps: readonly Step[] }
}

let server: TestServer
let issuer: TestIssuer
let github: { url: string; asked: string[]; close: () => void }
const home = mkdtempSync(path.join(tmpdir(), 'coffer-action-'))

beforeAll(async () => {
  server = await startTestServer()
  issuer = await startTestIssuer()
  const asked: string[] = []
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    asked.push(`${request.headers.authorization} ${request.url}`)
    const { searchParams } = new URL(request.url ?? '', 'http://x')
    const now = Math.floor(Date.now() / 1_000)
    const aud = searchParams.get('audience') ?? 'https://github.com/shop'
    const claims = { aud, sub: 'repo:shop/api:ref:refs/heads/main', iss: issuer.url }
    const value = await issuer.sign({ ...claims, iat: now - 5, exp: now + 300 })
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ count: value.length, value }))
  }
  const http = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  github = { url, asked, close: () => http.close() }

  const coffer = server.platform.as(ADMIN)
  const lists = { effect: 'allow' as const, actions: ['list' as const], paths: ['shop/prod/**'] }
  await coffer.access.putPolicy({ name: 'ci-check', rules: [lists] })
  const { identities } = coffer
  await identities.putJwtIssuer({ mount: 'github', discoveryUrl: issuer.url })
  await identities.putJwtRole({
    mount: 'github',
    name: 'check',
    boundAudiences: ['coffer'],
    boundSubject: 'repo:shop/api:ref:refs/heads/main',
    token: { policies: ['ci-check'], ttlSeconds: 600 },
  })
})
afterAll(async () => {
  github.close()
  await issuer.close()
  await server.close()
  rmSync(home, { recursive: true, force: true })
})

let count = 0
function workspace(files: Readonly<Record<string, string>>): string {
  const dir = path.join(home, `w${(count += 1)}`)
  const shim = `#!/bin/sh\nexec ${process.execPath} ${MAIN} "$@"\n`
  const all = { 'node_modules/.bin/coffer': shim, '.git/HEAD': '', ...files }
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(path.dirname(path.join(dir, name)), { recursive: true })
    writeFileSync(path.join(dir, name), text, { mode: 0o755 })
  }
  return dir
}

async function act(dir: string, given: Readonly<Record<string, string>>) {
  const temp = path.join(dir, '.temp')
  mkdirSync(temp)
  const inputs = Object.fromEntries(
    Object.entries(action.inputs).map(([name, input]) => [
      name,
      given[name] ?? input.default ?? '',
    ]),
  )
  const outputs: Record<string, Record<string, string>> = {}
  const fill = (text: string) =>
    text.replace(/\$\{\{ ([\w.-]+) \}\}/g, (_, name: string) => {
      const [kind = '', key = '', , output = ''] = name.split('.')
      if (kind === 'inputs') return inputs[key] ?? ''
      if (name === 'runner.temp') return temp
      return kind === 'steps' ? (outputs[key]?.[output] ?? '') : name
    })
  const summary = path.join(temp, 'summary')
  writeFileSync(summary, '')
  let code = 0
  let log = ''
  for (const step of action.runs.steps) {
    const condition = step.if ?? ''
    if (condition.includes("inputs.role != ''") && inputs.role === '') continue
    if (code !== 0 && !condition.includes('always()')) continue
    const output = path.join(temp, `output-${step.id ?? 'none'}`)
    writeFileSync(output, '')
    const script = path.join(temp, 'script.sh')
    writeFileSync(script, step.run)
    const env = {
      PATH: `${path.dirname(process.execPath)}:${process.env.PATH}`,
      HOME: dir,
      GITHUB_ACTIONS: 'true',
      GITHUB_WORKSPACE: dir,
      GITHUB_OUTPUT: output,
      GITHUB_STEP_SUMMARY: summary,
      RUNNER_TEMP: temp,
      ACTIONS_ID_TOKEN_REQUEST_URL: `${github.url}/token?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'job-token',
      ...Object.fromEntries(Object.entries(step.env).map(([name, text]) => [name, fill(text)])),
    }
    const cwd = path.join(dir, fill(step['working-directory'] ?? '.'))
    const ended = await bash(script, cwd, env)
    log += ended.log
    code ||= ended.code
    if (step.id !== undefined) {
      const lines = readFileSync(output, 'utf8').split('\n').filter(Boolean)
      outputs[step.id] = Object.fromEntries(lines.map((line) => line.split(/=(.*)/s, 2)))
    }
  }
  const told = Object.fromEntries(
    Object.entries(action.outputs).map(([name, { value }]) => [name, fill(value)]),
  )
  return { code, log, summary: readFileSync(summary, 'utf8'), ...told } as Ended
}

interface Ended {
  readonly code: number
  readonly log: string
  readonly summary: string
  readonly findings: string
  readonly report: string
}

async function bash(script: string, cwd: string, env: Record<string, string>) {
  const child = spawn('bash', ['--noprofile', '--norc', '-e', '-o', 'pipefail', script], {
    cwd,
    env,
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (log += chunk))
  const code = await new Promise<number>((resolve) => child.on('close', (n) => resolve(n ?? 1)))
  return { code, log }
}

const MANIFEST =
  'project: shop\nenvironments: [preview, prod]\nsecrets:\n  api/key: { type: apiKey }\n'

test('nothing that a user gives is put into a script', () => {
  for (const step of action.runs.steps) {
    expect(step.run).not.toContain('${{')
    expect(step.shell).toBe('bash')
  }
})

test('a job logs in as itself, checks, reports, and logs out', async () => {
  const dir = workspace({ 'coffer.yaml': MANIFEST })
  const given = { address: server.url, role: 'check', audience: 'coffer', env: 'prod' }
  const missing = await act(dir, given)
  expect(missing, missing.log).toMatchObject({ code: 1, findings: '1' })
  expect(missing.log).toContain('::error file=coffer.yaml,line=4,col=3,title=not_found (prod)::')
  expect(missing.summary).toContain('coffer set api/key --env prod')
  const sarif = JSON.parse(readFileSync(missing.report, 'utf8')) as { version: string }
  expect(sarif.version).toBe('2.1.0')
  expect(github.asked.at(-1)).toBe('Bearer job-token /token?api-version=2.0&audience=coffer')
  const logins = path.join(dir, '.temp/coffer-login/logins')
  expect(existsSync(path.join(logins, encodeURIComponent(server.url)))).toBe(false)
  await server.platform
    .as(ADMIN)
    .write('shop/prod/api/key', { value: 'abc', type: { name: 'apiKey' } })
  const there = await act(workspace({ 'coffer.yaml': MANIFEST }), given)
  expect(there, there.log).toMatchObject({ code: 0, findings: '0' })
})

test('a job that is not what the role demands is refused, and checks nothing', async () => {
  const dir = workspace({ 'coffer.yaml': MANIFEST })
  const ended = await act(dir, { address: server.url, role: 'check', audience: 'another' })
  expect(ended.code).toBe(77)
  expect(ended.findings).toBe('')
  expect(ended.log).toContain('Compare its audience')
})

test('inputs are words, whatever they hold', async () => {
  const dir = workspace({ 'apps/a b/coffer.yaml': MANIFEST, 'apps/a b/config/prod.yaml': 'a: 1\n' })
  const bad = `$(touch ${dir}/owned)`
  const given = { 'working-directory': 'apps/a b', static: 'true' }
  const fine = await act(dir, { ...given, env: 'preview, prod', report: 'out.sarif' })
  expect(fine, fine.log).toMatchObject({ code: 0, findings: '0' })
  expect(fine.report).toBe(path.join(dir, 'apps/a b/out.sarif'))
  for (const name of ['env', 'version', 'command', 'report']) {
    const tried = workspace({ 'coffer.yaml': MANIFEST })
    const ended = await act(tried, {
      static: 'true',
      env: 'prod',
      [name]: `${bad}; touch ${dir}/owned`,
    })
    if (name !== 'report') expect(ended.code, name).not.toBe(0)
  }
  expect(existsSync(path.join(dir, 'owned'))).toBe(false)
})

test('delivering is the same command as by hand, one environment after the other', async () => {
  const shim = '#!/bin/sh\necho "coffer $*"\ntest "$4" != --env=b || exit 75\n'
  const dir = workspace({ 'node_modules/.bin/coffer': shim })
  const plan = await act(dir, { command: 'sync-plan' })
  expect([plan.code, plan.log]).toEqual([0, 'coffer sync plan\n'])
  const again = workspace({ 'node_modules/.bin/coffer': shim })
  const applied = await act(again, { command: 'sync-apply', env: 'a,b c' })
  const lines = ['a', 'b', 'c'].map((env) => `coffer sync apply --yes --env=${env}\n`)
  expect([applied.code, applied.log]).toEqual([75, lines.join('')])
})

test('a JWT is asked for where a job may, tried again while that may help, and never told', async () => {
  const answers: [number, string][] = []
  const http = createServer((_, response) => {
    const [status, body] = answers.shift() ?? [500, '']
    response.writeHead(status).end(body)
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/x?y=1`
  const env = { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'canary' }
  const codeOf = async (...next: [number, string][]) => {
    answers.splice(0, answers.length, ...next)
    try {
      return await githubJwt(env, undefined, 1)
    } catch (error) {
      const { code, message } = error as { code: string; message: string }
      return message.includes('canary') ? message : code
    }
  }
  const always = (status: number, body: string) =>
    Array.from({ length: 4 }, (): [number, string] => [status, body])
  expect(await codeOf([503, 'canary'], [200, '{"value":"a.b.c"}'])).toBe('a.b.c')
  expect(await codeOf([401, 'canary'])).toBe('unauthenticated')
  expect(await codeOf()).toBe('unavailable')
  const long = JSON.stringify({ value: `a.${'b'.repeat(LIMITS.jwtCharsMax + 2_000)}.c` })
  expect(await codeOf(...always(200, long))).toBe('unavailable')
  expect(await codeOf(...always(200, 'canary'))).toBe('unavailable')
  http.close()
  await expect(githubJwt({})).rejects.toMatchObject({ code: 'unauthenticated' })
  const plain = { ...env, ACTIONS_ID_TOKEN_REQUEST_URL: 'http://example.com/x' }
  await expect(githubJwt(plain)).rejects.toMatchObject({ code: 'invalid_argument' })
})
