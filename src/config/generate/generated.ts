/** Documents made from a manifest, by their place below the directory that is asked for. */
export type GeneratedFiles = Readonly<Record<string, string>>

/** What the person should know of what was made. */
export interface Generated {
  readonly files: GeneratedFiles
  readonly notes: readonly string[]
}

/**
 * Stands in the first line of every file that is made here. A file without it is somebody's, and is
 * not written over.
 */
export const MARK = 'Made by coffer from the manifest'
