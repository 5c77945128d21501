import type { InitOptions, InitReport, OpenedCoffer, PlatformOptions } from './compose.ts'
import { refuseUnknownOptions } from './config/known-options.ts'
import { CofferError } from './core/errors.ts'
import type { AuditReport, AuditVerifyOptions } from './core/ports/coffer.ts'
import type { Platform } from './core/ports/platform.ts'

export {
  ConfigError,
  defineConfig,
  env,
  loadDocument,
  loadOverlays,
  memoryProvider,
  readManifest,
  secret,
  secretRef,
} from './config/index.ts'
export type {
  CacheOptions,
  CheckReport,
  CheckedField,
  Config,
  ConfigOptions,
  ConfigReference,
  DeclaredDelivery,
  DeclaredSecret,
  DeclaredSecrets,
  DestinationSpec,
  DocumentOptions,
  DocumentShape,
  EnvRef,
  Environment,
  LoadOptions,
  Loaded,
  Manifest,
  OfflineUse,
  OptionValue,
  Problem,
  ProviderSpec,
  ProviderTable,
  ReferenceObject,
  SecretKeyRef,
  WrittenReference,
  ReferenceText,
  Resolve,
  ResolveDocument,
  SecretField,
  SecretRef,
  StandardSchema,
  Workload,
} from './config/index.ts'
export { connectCoffer } from './client/connect.ts'
export type { ConnectedCoffer, ConnectOptions } from './client/connect.ts'
export type { Login } from './client/credential.ts'
export type { Self, ServerOperations } from './client/operations.ts'
export type { InitOptions, InitReport, OpenedCoffer, PlatformOptions } from './compose.ts'
export { CofferError }
export { ERRORS, isCofferError } from './core/errors.ts'
export type { CofferErrorOptions, ErrorCode } from './core/errors.ts'
export type { AuditAction, AuditEvent, AuditOutcome } from './core/event.ts'
export { LIMITS } from './core/limits.ts'
export type { Policy, Rule } from './core/policy/policy.ts'
export type * from './core/ports/coffer.ts'
export type * from './core/ports/identities.ts'
export type * from './core/ports/platform.ts'
export type * from './core/ports/provider.ts'
export type { Seal, SealContext } from './core/ports/seal.ts'
export type { Sink } from './core/ports/sink.ts'
export type { RotationRule, SecretRecord, VersionRecord, VersionState } from './core/record.ts'
export { Secret } from './core/secret.ts'
export type { TypeName, TypeSpec } from './core/types/spec.ts'
export type { Encoding, JsonObject, JsonValue, SecretValue } from './core/value.ts'

export type OpenOptions = PlatformOptions & { readonly actor?: string }

/**
 * Opens the local store as one actor (default `local:<os user>`). Where it is: `dataDir`,
 * `COFFER_DATA_DIR`, `dataDir` of the coffer.yaml around the working directory, `/data/secrets`.
 * While the program runs it takes its turn at the background sweep; that keeps no process alive.
 *
 * Where `COFFER_ADDR` names a server and no option says anything of a local store, it is the Coffer
 * of that server, with the token of `COFFER_TOKEN` or `COFFER_TOKEN_FILE`, else of `coffer login`: the
 * same program runs on a laptop and beside a server.
 *
 * @example
 * await using coffer = await openCoffer()
 * const cfg = await config.load({ coffer })
 * @throws CofferError `store_missing`, `sealed`, `wrong_key`, `store_rolled_back`, `corrupt`, …
 */
export async function openCoffer(options: OpenOptions = {}): Promise<OpenedCoffer> {
  refuseOldNode()
  refuseUnknownOptions('openCoffer', options, OPEN_OPTIONS)
  const { env = process.env, ...local } = options
  if (env['COFFER_ADDR'] && Object.values(local).every((option) => option === undefined)) {
    const { connectFromEnvironment } = await import('./client/environment.ts')
    return connectFromEnvironment(env, {})
  }
  const { openCoffer: open } = await import('./compose.ts')
  return open({ ...options, dataDir: await dataDirOf(options) })
}

const OPEN_OPTIONS: Record<keyof OpenOptions, true> = {
  dataDir: true,
  auditDir: true,
  env: true,
  sealOptions: true,
  prompt: true,
  rootKey: true,
  sinks: true,
  auditRetentionDays: true,
  auditFlushed: true,
  valueBytesMax: true,
  checkpoint: true,
  clock: true,
  random: true,
  actor: true,
}

/** Opens a store with all that its operator can do. The engine is loaded by this call. */
export async function openPlatform(options: PlatformOptions = {}): Promise<Platform> {
  refuseOldNode()
  const { openPlatform: open } = await import('./compose.ts')
  return open({ ...options, dataDir: await dataDirOf(options) })
}

/** Makes a store. @throws CofferError `store_exists`, and what the seal throws */
export async function initPlatform(options: InitOptions): Promise<InitReport> {
  refuseOldNode()
  const { initPlatform: init } = await import('./compose.ts')
  return init(options)
}

/** Before anything is loaded that an older Node does not have. @throws `unsupported_runtime` */
function refuseOldNode(): void {
  const version = process.versions.node
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > 24 || (major === 24 && minor >= 16)) return
  throw new CofferError('unsupported_runtime', `Coffer needs Node >= 24.16; this is v${version}.`)
}

/** Undefined leaves it to the composition's own default. */
async function dataDirOf({ dataDir, env }: PlatformOptions): Promise<string | undefined> {
  if (dataDir !== undefined || (env ?? process.env)['COFFER_DATA_DIR']) return dataDir
  const { findProject } = await import('./config/project.ts')
  return (await findProject(process.cwd()))?.dataDir
}

/**
 * Checks an exported audit log with nothing but the public key (PEM) and the store's id. That its end
 * was not cut is known only up to a `checkpoint`, a head that was kept elsewhere.
 */
export async function verifyExport(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  publicKeyPem: string,
  storeId: string,
  options: Pick<AuditVerifyOptions, 'checkpoint'> = {},
): Promise<AuditReport> {
  const { verifyExport: verify } = await import('./compose.ts')
  return verify(chunks, publicKeyPem, storeId, options)
}
