import type { Handler } from '../spec.ts'
import type { version } from '../specs/self.ts'
import { version as versionOf } from '../version.ts'

export const handle: Handler<typeof version> = async (_input, session) => {
  const coffer = versionOf()
  const node = process.versions.node
  await session.out.result({ version: coffer, node }, () =>
    session.out.line(`coffer ${coffer} (node ${node})`),
  )
}
