import type { VaultRoute } from './route.ts'

/** A backend's routes, ready to be asked. */
export type RouteTable = readonly CompiledRoute[]

interface CompiledRoute {
  readonly route: VaultRoute
  readonly segments: readonly string[]
  /** The name of what takes the rest; absent: the path ends with the segments. */
  readonly rest: string | undefined
}

export interface Found {
  readonly route: VaultRoute
  readonly params: Readonly<Record<string, string>>
}

export const compileRoutes = (routes: readonly VaultRoute[]): RouteTable =>
  routes.map((route) => {
    const segments = route.path.split('/')
    const last = segments.at(-1) ?? ''
    return last.startsWith('*')
      ? { route, segments: segments.slice(0, -1), rest: last.slice(1) }
      : { route, segments, rest: undefined }
  })

/** The first route that has the path, which is what is left of it below the mount. */
export function findRoute(table: RouteTable, path: string): Found | undefined {
  const parts = path.split('/')
  for (const compiled of table) {
    const params = paramsOf(compiled, parts)
    if (params !== undefined) return { route: compiled.route, params }
  }
  return undefined
}

function paramsOf(
  { segments, rest }: CompiledRoute,
  parts: readonly string[],
): Record<string, string> | undefined {
  if (rest === undefined ? parts.length !== segments.length : parts.length < segments.length) {
    return undefined
  }
  const params: Record<string, string> = {}
  for (const [i, segment] of segments.entries()) {
    const part = parts[i] ?? ''
    if (segment.startsWith(':')) {
      if (part === '') return undefined
      params[segment.slice(1)] = part
    } else if (segment !== part) {
      return undefined
    }
  }
  if (rest !== undefined) params[rest] = parts.slice(segments.length).join('/')
  return params
}
