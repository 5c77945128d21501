import { usage } from '../parse.ts'
import { recordJson } from '../records.ts'
import { pathGiven } from '../secret-path.ts'
import type { Handler } from '../spec.ts'
import type { label } from '../specs/versions.ts'

export const handle: Handler<typeof label> = async ({ options, args: [given, name] }, session) => {
  if ((options.to === undefined) === !options.remove) throw usage('Give either --to N or --remove.')
  const change = { label: name, to: options.to, from: options.from }
  const path = await pathGiven(session, given, options)
  const record = await (await session.coffer()).label(path, change)
  await session.out.result(recordJson(record), () =>
    session.out.note(
      options.to === undefined
        ? `${record.path} ${name} taken off`
        : `${record.path} ${name} is on v${options.to}`,
    ),
  )
}
