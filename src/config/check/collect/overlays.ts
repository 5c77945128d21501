import { existsSync } from 'node:fs'
import path from 'node:path'
import { isCofferError } from '../../../core/errors.ts'
import type { CofferError } from '../../../core/errors.ts'
import type { Environment, Manifest } from '../../manifest/manifest.ts'
import { checkOverlays } from '../../overlay/check.ts'
import { OVERLAY_ENDINGS, readOverlays } from '../../overlay/read.ts'
import { ConfigError } from '../../problem.ts'
import type { OverlayProblem } from '../facts.ts'
import { leadsOutside, OUTSIDE } from './outside.ts'

const FOLDER = 'config'

/** What is wrong with the overlays of these environments, each once, by the place it stands at. */
export async function collectOverlays(
  manifest: Manifest,
  environments: readonly Environment[],
): Promise<readonly OverlayProblem[]> {
  const folder = path.join(manifest.dir, FOLDER)
  if (!existsSync(folder)) return []
  const found = new Map<string, OverlayProblem>()
  for (const { name } of environments) {
    const outside = outsideIn(manifest.dir, name)
    const problems = outside.length > 0 ? outside : await problemsIn(folder, name)
    for (const problem of problems) {
      const key = JSON.stringify([problem.at, problem.field, problem.message])
      const environment = found.has(key) ? undefined : name
      found.set(key, { ...problem, environment })
    }
  }
  return [...found.values()]
}

type Problem = Omit<OverlayProblem, 'environment'>

function outsideIn(dir: string, env: string): readonly Problem[] {
  const leads = (file: string) => leadsOutside(path.join(dir, file), dir)
  const files = ['default', env, 'schema'].flatMap((name) =>
    OVERLAY_ENDINGS.map((ending) => `${FOLDER}/${name}${ending}`),
  )
  const outside = leads(FOLDER) ? [FOLDER] : files.filter(leads)
  return outside.map((file) => ({
    field: '',
    at: `${file}:1:1`,
    message: OUTSIDE,
    remedy: 'Write the overlay itself there, or link to one in the repository.',
    isInline: false,
  }))
}

async function problemsIn(folder: string, env: string): Promise<readonly Problem[]> {
  try {
    const overlays = await readOverlays(folder, env)
    if (overlays === undefined) return []
    const places = await checkOverlays(overlays)
    return places.map(({ name, at, error }) => ({ field: name, at, ...toldBy(error) }))
  } catch (error) {
    // A folder of this name that has other things in it is none of ours.
    if (isCofferError(error, 'not_found') && !hasOverlays(folder)) return []
    if (error instanceof ConfigError) {
      return error.problems.map((one) => ({ ...one, at: one.position, isInline: false }))
    }
    if (isCofferError(error)) return [{ field: '', at: undefined, ...toldBy(error) }]
    throw error
  }
}

const toldBy = (error: CofferError) => ({
  message: error.message,
  remedy: error.remedy,
  isInline: error.code === 'inline_secret',
})

const hasOverlays = (folder: string): boolean =>
  ['default', 'schema'].some((name) =>
    OVERLAY_ENDINGS.some((ending) => existsSync(path.join(folder, name + ending))),
  )
