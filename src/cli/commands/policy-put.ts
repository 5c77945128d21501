import { basename } from 'node:path'
import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { Policy } from '../../core/policy/policy.ts'
import { parsePolicy } from '../../core/policy/validate.ts'
import { readFile } from '../files.ts'
import { many } from '../report/reporter.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

export const handle: Handler<Sub<'policy', 'put'>> = async ({ args: [file] }, session) => {
  const text = Buffer.from(readFile(file, LIMITS.documentBytesMax)).toString('utf8')
  const policy = parsePolicy(await parseDocument(file, text))
  await (await session.coffer()).access.putPolicy(policy)
  await session.out.result(policy, () =>
    session.out.note(`policy ${policy.name} stored (${whatOf(policy)})`),
  )
}

const whatOf = ({ rules, hcl }: Policy): string =>
  hcl === undefined ? many(rules.length, 'rule') : "in Vault's language"

/** A text in Vault's language has no name in it: it has the file's. */
async function parseDocument(file: string, text: string): Promise<unknown> {
  if (/\.hcl$/i.test(file)) return { name: basename(file).slice(0, -4).toLowerCase(), hcl: text }
  try {
    if (!/\.ya?ml$/i.test(file)) return JSON.parse(text)
    const { parse } = await import('yaml')
    return parse(text, { maxAliasCount: 0, prettyErrors: false })
  } catch {
    throw new CofferError('invalid_policy', `${file} is neither JSON nor YAML.`)
  }
}
