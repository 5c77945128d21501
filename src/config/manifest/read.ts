import path from 'node:path'
import { refuse } from '../document/node.ts'
import type { DocumentNode, MapNode } from '../document/node.ts'
import { typeChecker } from './check-type.ts'
import { readEnvironments } from './environments.ts'
import { keyAt } from './fields.ts'
import type { Manifest } from './manifest.ts'
import type { Mistakes } from './mistakes.ts'
import { readDestinations, readProviders, readWorkloads } from './named.ts'
import { readSecrets } from './secrets.ts'

/** What else the project file says. */
export interface ManifestFile {
  /** Absolute. */
  readonly file: string
  readonly project: string | undefined
  /** A template: `${project}/${env}/api`. */
  readonly prefix: string | undefined
  /** The default environment. */
  readonly environment: string | undefined
}

/**
 * A project file that has `environments`. Where `mistakes` has some afterwards, the answer is not to
 * be used.
 */
export async function readManifest(
  node: MapNode,
  { file, project = '', prefix, environment }: ManifestFile,
  mistakes: Mistakes,
): Promise<Manifest> {
  const part = (key: string): DocumentNode | undefined => node.entries.get(key)
  const nothing: DocumentNode = { kind: 'scalar', value: null, at: node.at }
  if (project === '' && part('project') === undefined) {
    mistakes.attempt('project', () => {
      throw refuse('A file with "environments" must name its "project".', {
        ...nothing,
        at: keyAt(node, 'environments'),
      })
    })
  }
  const written = part('providers')
  const providers = readProviders(written, mistakes)
  const providerNames = written?.kind === 'map' ? [...written.entries.keys()] : []
  const destinations = readDestinations(part('destinations'), mistakes)
  const environments = readEnvironments(
    part('environments') ?? nothing,
    { project, prefix, providers, providerNames },
    mistakes,
  )
  const names = environments.map((env) => env.name)
  if (environment !== undefined && names.length > 0 && !names.includes(environment)) {
    mistakes.attempt('environment', () => {
      throw refuse(
        `"environment" must be one of ${names.join(', ')}.`,
        part('environment') ?? nothing,
      )
    })
  }
  const workloads = part('workloads')
  const secrets = readSecrets(
    part('secrets') ?? nothing,
    {
      providerNames,
      destinations,
      environments,
      workloads: workloads?.kind === 'map' ? [...workloads.entries.keys()] : undefined,
      checkType: await typeChecker(part('secrets')),
    },
    mistakes,
  )
  const users = secrets.flatMap((secret) => secret.usedBy)
  return {
    file,
    dir: path.dirname(file),
    project,
    environment,
    environments,
    secrets,
    providers,
    destinations,
    workloads: readWorkloads(workloads, users, project, environments, mistakes),
  }
}
