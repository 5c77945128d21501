import { SHELLS, type Shell } from '../completion.ts'
import { usage } from '../parse.ts'
import { allSpecs } from '../registry.ts'
import type { Handler } from '../spec.ts'
import type { completion } from '../specs/self.ts'

export const handle: Handler<typeof completion> = async ({ args: [shell] }, session) => {
  if (!Object.hasOwn(SHELLS, shell))
    throw usage(`SHELL is one of: ${Object.keys(SHELLS).join(', ')}.`)
  const commands = (await allSpecs()).flatMap((section) => section.commands)
  session.out.raw(SHELLS[shell as Shell](commands))
}
