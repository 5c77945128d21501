import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { CofferError } from '../../core/errors.ts'
import { configOf } from '../define.ts'
import { compileDocument } from '../document/compile.ts'
import type { DocumentShape } from '../infer.ts'
import type { DocumentOptions } from '../load-document.ts'
import { environmentName } from '../options.ts'
import { checkOverlays } from './check.ts'
import { readOverlays } from './read.ts'

/** See `loadOverlays`. */
export async function load(
  dir: string | URL,
  shape: DocumentShape | undefined,
  { allowInlineSecrets, prefix, manifest, ...rest }: DocumentOptions,
): Promise<unknown> {
  const folder = path.resolve(dir instanceof URL ? fileURLToPath(dir) : dir)
  const env = environmentName(rest, manifest?.environment)
  const overlays = await readOverlays(folder, env)
  if (overlays === undefined) {
    throw new CofferError('not_found', `There are no overlays in ${folder}.`, {
      remedy: `Write default.yaml and ${env}.yaml there.`,
    })
  }
  const { places, build } = compileDocument(overlays.node, shape, { allowInlineSecrets })
  const broken = new Map((await checkOverlays(overlays)).map((place) => [place.name, place]))
  // What is in the wrong place is not asked for, and is told once.
  const own = places.map((place) => broken.get(place.name) ?? place)
  const others = [...broken.values()].filter((place) => !own.includes(place))
  const plan = { places: [...own, ...others], build }
  return configOf(plan, { prefix, manifest }).load({ ...rest, env })
}
