import type { CheckedField } from '../../define.ts'
import type { Manifest } from '../../manifest/manifest.ts'
import type { LoadOptions } from '../../options.ts'
import type { Project } from '../../project.ts'
import type { FieldProblem } from '../facts.ts'

/**
 * What the project's configuration cannot be loaded with, environment by environment: its schemas may
 * want more of a value than the manifest's types. What the manifest declares is asked for elsewhere.
 */
export async function collectFields(
  manifest: Manifest,
  project: Pick<Project, 'check'>,
  environments: readonly string[],
  load: LoadOptions,
): Promise<readonly FieldProblem[]> {
  const declared = new Set(manifest.secrets.map((secret) => `secrets.${secret.name}`))
  const found: FieldProblem[] = []
  for (const environment of environments) {
    const { fields } = await project.check({ ...load, env: environment })
    for (const field of fields) {
      if (!field.ok && !declared.has(field.field)) found.push(problemOf(field, environment))
    }
  }
  return found
}

const problemOf = (
  { field, position, reference, code, message, remedy }: CheckedField,
  environment: string,
): FieldProblem => ({
  field,
  at: position,
  reference,
  environment,
  code: code ?? 'internal',
  message: message ?? 'It cannot be resolved.',
  remedy: remedy ?? 'Run `coffer check` again.',
})
