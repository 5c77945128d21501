export { defineConfig } from './define.ts'
export type {
  CheckedField,
  CheckReport,
  Config,
  ConfigOptions,
  ConfigReference,
  Loaded,
} from './define.ts'
export { loadDocument } from './load-document.ts'
export type { DocumentOptions } from './load-document.ts'
export { loadOverlays } from './load-overlays.ts'
export { readManifest } from './read-manifest.ts'
export type {
  DeclaredDelivery,
  DeclaredSecret,
  DestinationSpec,
  Environment,
  Manifest,
  OptionValue,
  Workload,
} from './manifest/manifest.ts'
export { env } from './env-ref.ts'
export type { EnvRef } from './env-ref.ts'
export type { DocumentShape, Resolve, ResolveDocument } from './infer.ts'
export type {
  CacheOptions,
  LoadOptions,
  OfflineUse,
  ProviderSpec,
  ProviderTable,
} from './options.ts'
export { ConfigError } from './problem.ts'
export type { Problem } from './problem.ts'
export { memoryProvider } from './providers.ts'
export type { ReferenceObject, SecretKeyRef, WrittenReference } from './reference.ts'
export { secret } from './secret-field.ts'
export type { SecretField } from './secret-field.ts'
export { secretRef } from './secret-ref.ts'
export type { DeclaredSecrets, ReferenceText, SecretRef } from './secret-ref.ts'
export type { StandardSchema } from './standard-schema.ts'
export type { Secret } from '../core/secret.ts'
