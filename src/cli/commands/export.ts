import { isUtf8 } from 'node:buffer'
import { CofferError } from '../../core/errors.ts'
import { decodeText, type Secret } from '../../core/secret.ts'
import { counted } from '../counted.ts'
import { BY_VARIABLE, FORMATS, type Exported } from '../export/formats.ts'
import { combine, type Problem } from '../failure.ts'
import { writePrivateFile } from '../files.ts'
import { resolvePrefix, type Found } from '../run/resolve.ts'
import { variableOf } from '../run/variable.ts'
import type { Handler } from '../spec.ts'
import type { exportSpec } from '../specs/files.ts'

export const handle: Handler<typeof exportSpec> = async ({ options, args: [prefix] }, session) => {
  const format = options.format ?? (session.out.json ? 'json' : 'dotenv')
  if (options.out === undefined && session.world.stdout.isTTY && !options.force) {
    throw new CofferError('invalid_argument', 'Values would be shown on a terminal.', {
      remedy: 'Write them with --out FILE, pipe them on, or show them with --force.',
    })
  }
  const { found, problems } = await resolvePrefix(session, prefix)
  const { items, refused } = textsOf(found, BY_VARIABLE.has(format))
  const all = [...problems, ...refused]
  if (all.length > 0) {
    throw combine(all, `${all.length} secrets cannot be exported; nothing was written.`)
  }
  const text = await FORMATS[format](items)
  if (options.out === undefined) return session.out.raw(text)
  writePrivateFile(options.out, text)
  const count = items.length
  await session.out.result({ file: options.out, format, secrets: count }, () =>
    session.out.note(`${counted(count, 'secret')} written to ${options.out}`),
  )
}

function textsOf(
  found: readonly Found[],
  byVariable: boolean,
): { items: Exported[]; refused: Problem[] } {
  const items: Exported[] = []
  const refused: Problem[] = []
  const owners = new Map<string, string>()
  for (const { relative, version } of found) {
    const { path } = version
    const variable = version.envName ?? variableOf(relative)
    const other = byVariable ? owners.get(variable) : undefined
    owners.set(variable, path)
    if (other !== undefined) refused.push({ subject: path, error: sameName(variable, other) })
    else if (byVariable && !/^[A-Za-z_][A-Za-z0-9_]*$/.test(variable)) {
      refused.push({ subject: path, error: noVariable(variable) })
    } else {
      const text = textOf(version.secret)
      if (text === undefined) refused.push({ subject: path, error: bytes() })
      else items.push({ path, relative, variable, text })
    }
  }
  return { items, refused }
}

function textOf(secret: Secret<unknown>): string | undefined {
  const value = secret.revealBytes()
  return isUtf8(value) ? decodeText(value) : undefined
}

const bytes = () =>
  new CofferError('invalid_value', 'It holds bytes and not text.', {
    remedy: 'Write it with `coffer get PATH --out FILE`.',
  })

const noVariable = (name: string) =>
  new CofferError('env_name_refused', `${name} cannot be the name of a variable.`, {
    remedy: 'Use --format json, or name it with `coffer update PATH --env-name NAME`.',
  })

const sameName = (name: string, other: string) =>
  new CofferError('env_collision', `${name} is also the variable of ${other}.`)
