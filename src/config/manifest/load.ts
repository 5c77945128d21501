import { findFiles } from '../project/find.ts'
import type { Manifest } from './manifest.ts'

/**
 * The manifest of the project that `dir` is in, found as `findProject` finds it. Undefined where there
 * is no project file, or it has no `environments`.
 * @throws ConfigError with every mistake of the file, its line and column
 */
export async function loadManifest(dir: string): Promise<Manifest | undefined> {
  return (await findFiles(dir))?.settings.manifest
}
