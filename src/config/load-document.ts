import type { DocumentShape, ResolveDocument } from './infer.ts'
import type { ConfigOptions } from './define.ts'
import type { LoadOptions } from './options.ts'

export interface DocumentOptions extends LoadOptions, Pick<ConfigOptions, 'prefix' | 'manifest'> {
  /** Wraps literals at secret fields instead of refusing them. Default false. */
  readonly allowInlineSecrets?: boolean | undefined
}

/**
 * Loads a YAML or JSON file (by its extension), or an object, whose `{ secretRef: … }` become
 * secrets wherever they stand. With a shape every other value is validated, a key that the shape
 * does not have is a problem, and a literal at a `secret(…)` is refused as `inline_secret`.
 * Without one, literals pass through. The result is deeply frozen.
 *
 * @example
 * const cfg = await loadDocument('app.yaml', { db: { url: secret(z.url()) } }, { coffer })
 * @throws ConfigError with every problem and its line and column; CofferError `not_found`,
 * `denied`, `unavailable`, `too_large` for the file
 */
export function loadDocument(source: string | URL | object): Promise<unknown>
export function loadDocument(
  source: string | URL | object,
  shape: undefined,
  options?: DocumentOptions,
): Promise<unknown>
export function loadDocument<S extends DocumentShape>(
  source: string | URL | object,
  shape: S,
  options?: DocumentOptions,
): Promise<ResolveDocument<S>>
export async function loadDocument(
  source: string | URL | object,
  shape?: DocumentShape,
  options: DocumentOptions = {},
): Promise<unknown> {
  const { load } = await import('./document/load.ts')
  return load(source, shape, options)
}
