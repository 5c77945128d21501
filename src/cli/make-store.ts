import type { InitReport } from '../compose.ts'
import { confirmed } from './confirm.ts'
import { adoptProjectDir, canMake, projectRoot } from './project-dir.ts'
import { sealNamed } from './seal-name.ts'
import type { Session } from './session.ts'

export interface MakeOptions {
  readonly seal?: string | undefined
  readonly admin?: string | undefined
  /** Do not ask. */
  readonly yes: boolean
}

export interface MadeStore {
  readonly report: InitReport
  /** What was recorded in the project, for the person. */
  readonly recorded: readonly string[]
}

/**
 * Where a store is made when none is named: the default, or `.coffer` of the project where the
 * default cannot be made, once the person agrees. Who names that with `--data-dir` means the same.
 */
export async function placeForStore(
  session: Session,
  options: { readonly yes: boolean },
): Promise<{ readonly dataDir: string; readonly inProject: boolean }> {
  const { path, from } = await session.dataDir()
  const root = projectRoot(session.world.cwd)
  if (from === 'option' && path === `${root}/.coffer`) return { dataDir: path, inProject: true }
  if (from !== 'default' || canMake(path)) return { dataDir: path, inProject: false }
  const question = `${path} cannot be made here. Use ${root}/.coffer instead?`
  if (session.world.stdin.isTTY && !session.out.json) {
    await confirmed(session, question, options.yes)
  }
  session.out.note(`${path} cannot be made here: using ${root}/.coffer`)
  return { dataDir: `${root}/.coffer`, inProject: true }
}

/** @throws what `initPlatform` throws */
export async function makeStore(
  session: Session,
  { dataDir, inProject }: Awaited<ReturnType<typeof placeForStore>>,
  { seal, admin }: MakeOptions,
): Promise<MadeStore> {
  const { initPlatform } = await session.compose()
  const report = await initPlatform({
    ...(await session.options()),
    dataDir,
    ...(seal === undefined ? {} : { seal: sealNamed(seal) }),
    admin: admin ?? session.globals.as,
  })
  return { report, recorded: inProject ? adoptProjectDir(session.world.cwd) : [] }
}
