import { CofferError, describeError } from '../core/errors.ts'
import type { EnvRef } from './env-ref.ts'
import type { Resolve } from './infer.ts'
import { nodeKind } from './node.ts'
import { frozenObject } from './plan.ts'
import { ConfigError } from './problem.ts'
import type { Problem } from './problem.ts'
import { readVariable } from './variable.ts'

export { env } from './env-ref.ts'
export type { EnvRef } from './env-ref.ts'
export { ConfigError } from './problem.ts'
export type { Problem } from './problem.ts'

/** Public configuration: variables and plain values. There is no way to name a secret here. */
export type ClientShape = {
  readonly [key: string]: EnvRef<unknown> | ClientShape | string | number | boolean | null
}

export interface ClientOptions {
  /**
   * A variable's name begins with one of these, or the shape is refused: what bundlers of this
   * kind publish anyway. Default: the prefixes of Next, Nuxt, Vite, Expo, Astro and Create React App.
   */
  readonly publicPrefixes?: readonly string[] | undefined
}

export interface ClientConfig<T> {
  /**
   * Validates the variables, `import.meta.env` for instance. The result is deeply frozen.
   * @throws ConfigError with every problem
   */
  load(variables: Readonly<Record<string, unknown>>): Promise<T>
}

/**
 * Declares the configuration of what runs in a browser. This module and what it imports use
 * nothing of Node and cannot reach a provider.
 *
 * @example
 * const config = defineClientConfig({ api: env('VITE_API_URL', z.url()) })
 * const cfg = await config.load(import.meta.env)
 * @throws CofferError `invalid_config` for a variable that is not public, or anything of the server
 */
export function defineClientConfig<T extends ClientShape>(
  shape: T,
  options: ClientOptions = {},
): ClientConfig<Resolve<T>> {
  const prefixes = options.publicPrefixes ?? PUBLIC
  const places: { path: string; ref: EnvRef<unknown> }[] = []
  collect(shape, [], prefixes, places)
  return Object.freeze({
    async load(variables: Readonly<Record<string, unknown>>) {
      const problems: Problem[] = []
      const values = new Map<EnvRef<unknown>, unknown>()
      await Promise.all(
        places.map(async ({ path, ref }) => {
          try {
            values.set(ref, await readVariable(ref.name, ref.schema, variables))
          } catch (error) {
            const place = { field: path, reference: `env:${ref.name}`, provider: 'env' }
            problems.push({ ...place, ...describeError(error) })
          }
        }),
      )
      if (problems.length > 0) throw new ConfigError(problems)
      return build(shape, values) as Resolve<T>
    },
  })
}

const PUBLIC = [
  'PUBLIC_',
  'NEXT_PUBLIC_',
  'NUXT_PUBLIC_',
  'VITE_',
  'EXPO_PUBLIC_',
  'REACT_APP_',
] as const

type Places = { path: string; ref: EnvRef<unknown> }[]

function collect(
  shape: unknown,
  path: readonly string[],
  prefixes: readonly string[],
  places: Places,
): void {
  const name = path.join('.')
  const kind = nodeKind(shape)
  if (kind === 'env') {
    const ref = shape as EnvRef<unknown>
    if (!prefixes.some((prefix) => ref.name.startsWith(prefix))) {
      throw refuse(`${name}: a public variable begins with one of ${prefixes.join(', ')}.`)
    }
    places.push({ path: name, ref })
  } else if (kind !== undefined) {
    throw refuse(`${name}: secrets belong on the server.`)
  } else if (typeof shape === 'object' && shape !== null) {
    for (const [key, part] of Object.entries(shape)) collect(part, [...path, key], prefixes, places)
  }
}

function build(shape: unknown, values: ReadonlyMap<unknown, unknown>): unknown {
  if (typeof shape !== 'object' || shape === null) return shape
  if (nodeKind(shape) === 'env') return values.get(shape)
  return frozenObject(Object.entries(shape).map(([key, part]) => [key, build(part, values)]))
}

const refuse = (why: string) => new CofferError('invalid_config', why)
