import type { Finding } from '../../core/finding.ts'
import type { ErrorCode } from '../../core/errors.ts'
import path from 'node:path'
import type { Coffer } from '../../core/ports/coffer.ts'
import type { Environment, Manifest } from '../manifest/manifest.ts'
import { environmentOf } from '../manifest/environment.ts'
import { isOwn } from '../manifest/own.ts'
import type { LoadOptions } from '../options.ts'
import type { Project } from '../project.ts'
import { collectFields } from './collect/configuration.ts'
import { collectDeliveries } from './collect/deliveries.ts'
import type { TryPlace } from './collect/deliveries.ts'
import { collectDocuments } from './collect/documents.ts'
import { collectOverlays } from './collect/overlays.ts'
import { askReaders } from './collect/readers.ts'
import { askSecrets } from './collect/secrets.ts'
import { collectUsages } from './collect/usages.ts'
import type { FieldProblem, SecretFacts } from './facts.ts'
import { findAll } from './rules.ts'

export interface CheckInput {
  readonly manifest: Manifest
  /** The project of the manifest: its configuration, when it has one, is run to know its references. */
  readonly project?: Pick<Project, 'configFile' | 'references' | 'check'> | undefined
  /** Names; at least one. */
  readonly environments: readonly string[]
  /** Opened when it is needed. */
  readonly coffer: () => Promise<Coffer>
  /** Who checks, where the Coffer itself does not know: at a server. Default: its actor. */
  readonly actor?: (() => Promise<string>) | undefined
  /** False: nothing is asked, only files and references are looked at. Default true. */
  readonly asks?: boolean | undefined
  /** False: values are not read, only what is known of them. Default true. */
  readonly values?: boolean | undefined
  /** Default 14. */
  readonly expiresWithinDays?: number | undefined
  readonly load?: Omit<LoadOptions, 'coffer' | 'env'> | undefined
  /** Where secrets can be delivered. Default: not checked. */
  readonly destinationKinds?: readonly string[] | undefined
  /** To know whether the options of places are right. Default: not checked. */
  readonly tryPlace?: TryPlace | undefined
  /** Milliseconds since 1970 UTC. */
  readonly now: number
}

export interface CheckedSecret {
  readonly environment: string
  readonly path: string
  readonly file?: string | undefined
}

/** What was checked and found. Never a value. */
export interface ManifestReport {
  /** No finding is an error. */
  readonly ok: boolean
  readonly environments: readonly string[]
  /** Those that could be asked for. */
  readonly secrets: readonly CheckedSecret[]
  readonly findings: readonly Finding[]
  /** Why a place could not be asked, so that not everything was checked. */
  readonly incomplete?: ErrorCode | undefined
}

/**
 * Holds a project to its manifest, in some of its environments, and tells everything at once.
 * @throws CofferError `invalid_config` for an environment that the manifest does not list; what opening
 * the Coffer throws for a wrong option
 */
export async function checkManifest(input: CheckInput): Promise<ManifestReport> {
  const { manifest, now } = input
  const environments = namedEnvironments(manifest, input.environments)
  const coffer = once(input.coffer)
  const actor = input.actor ?? (async () => (await coffer()).actor)
  const load = input.load ?? {}
  const values = input.values ?? true
  const reads = values && input.asks !== false
  const [asked, documents, overlays, usages] = await Promise.all([
    input.asks === false
      ? { secrets: [], places: [] }
      : askSecrets(manifest, environments, { coffer, actor, values, load }),
    collectDocuments(manifest),
    collectOverlays(manifest, environments),
    // Without asking, no code of the project is run either.
    collectUsages(manifest, input.asks === false ? undefined : input.project),
  ])
  const secrets = await askReaders(asked.secrets, { manifest, coffer, now })
  const fields =
    reads && asked.places.length === 0 ? await fieldsOf(input, environments, coffer) : []
  const findings = await findAll({
    manifest,
    manifestFile: path.basename(manifest.file),
    environments,
    secrets,
    places: asked.places,
    documents: documents.documents,
    overlays,
    fields,
    usages: usages.usages,
    destinationKinds: input.destinationKinds,
    deliveries: input.tryPlace && (await collectDeliveries(manifest, environments, input.tryPlace)),
    skipped: [...documents.skipped, ...usages.skipped],
    now,
    expiresWithinDays: input.expiresWithinDays ?? EXPIRES_WITHIN_DAYS,
  })
  return {
    ok: findings.every(({ severity }) => severity !== 'error'),
    environments: environments.map(({ name }) => name),
    secrets: secrets
      .filter(wasAsked)
      .map(({ environment, path: shown }) => ({ environment, path: shown })),
    findings,
    incomplete: asked.places[0]?.code,
  }
}

const EXPIRES_WITHIN_DAYS = 14

const wasAsked = ({ answer: { kind } }: SecretFacts): boolean =>
  kind !== 'unasked' && kind !== 'unknown'

/** Only where there is a configuration: its module is run. */
async function fieldsOf(
  { manifest, project, load }: CheckInput,
  environments: readonly Environment[],
  coffer: () => Promise<Coffer>,
): Promise<readonly FieldProblem[]> {
  if (project?.configFile === undefined) return []
  const needs = environments.some((environment) => isOwn(manifest, environment))
  const options = needs ? { ...load, coffer: await coffer() } : { ...load }
  const names = environments.map(({ name }) => name)
  return collectFields(manifest, project, names, options)
}

const namedEnvironments = (manifest: Manifest, names: readonly string[]): Environment[] =>
  [...new Set(names)].map((name) => environmentOf(manifest, name))

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let begun: Promise<T> | undefined
  return () => (begun ??= work())
}
