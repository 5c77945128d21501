import type { Session } from './session.ts'
import type { ArgumentSpec, OptionSpec } from './spec.ts'

/** The argument of every command about one secret. */
export const PATH = {
  name: 'path',
  summary: 'project/env/service/name; with --env: service/name',
} as const satisfies ArgumentSpec

/** Beside `PATH`. */
export const IN_ENVIRONMENT = {
  env: {
    type: 'string',
    value: 'NAME',
    summary: 'PATH is a secret of the manifest, in this environment',
  },
} as const satisfies Record<string, OptionSpec>

/**
 * The path that a command was given: as it is, or with an environment that of the manifest's secret.
 * @throws CofferError as `declaredHere`
 */
export async function pathGiven(
  session: Session,
  given: string,
  { env }: { readonly env: string | undefined },
): Promise<string> {
  if (env === undefined) return given
  const { declaredHere } = await import('./declared.ts')
  return (await declaredHere(session, given, env)).path
}
