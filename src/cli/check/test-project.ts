import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Finding } from '../../core/finding.ts'
import type { Bench, RunOptions } from '../test-world.ts'

/** A manifest with two environments, two secrets that are needed, and one workload. */
export const MANIFEST = `project: shop
environments: [preview, prod]
workloads:
  api: { actor: 'service:\${project}-\${env}-api' }
secrets:
  api/stripe-key:
    type: apiKey
    owner: payments@example.com
    classification: restricted
    rotate: { every: 30d }
    usedBy: [api]
  api/db-url: { type: url }
  api/hint: { optional: true }
`

export interface Report {
  readonly ok: boolean
  readonly checked: number
  readonly findings: readonly Finding[]
}

/** Projects in folders of their own, and `coffer check` in them. */
export function projectsIn({ dir, run }: Bench) {
  let count = 0
  return {
    project(files: Readonly<Record<string, string>> = {}): string {
      const cwd = join(dir, `check-${(count += 1)}`)
      const all = { '.git/HEAD': '', 'coffer.yaml': MANIFEST, ...files }
      for (const [name, text] of Object.entries(all)) {
        mkdirSync(dirname(join(cwd, name)), { recursive: true })
        writeFileSync(join(cwd, name), text)
      }
      return cwd
    },
    async check(cwd: string, args: readonly string[] = [], options: RunOptions = {}) {
      const ran = await run(['check', '--env', 'prod', '--json', ...args], { cwd, ...options })
      const { findings = [], ok } = ran.out === '' ? { ok: false } : ran.json<Report>()
      return { ...ran, ok, findings, codes: findings.map(({ code, path }) => `${code} ${path}`) }
    },
    set: (path: string, value: string, ...args: string[]) =>
      run(['set', path, ...args], { input: value }),
  }
}
