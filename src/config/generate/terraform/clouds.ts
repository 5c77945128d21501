import type { Manifest } from '../../manifest/manifest.ts'
import type { Generated } from '../generated.ts'

export interface TerraformOptions {
  /** Default: all that the manifest lists. */
  readonly environments?: readonly string[] | undefined
  /** Through the cloud's usual registry module, in place of plain resources. */
  readonly module?: boolean | undefined
  /** `acme/shop`: whose GitHub Actions, in the environments, may take the role of CI. */
  readonly repository?: string | undefined
  readonly replicaRegions?: readonly string[] | undefined
}

/** Terraform of one cloud. Adding one is one file, its test, and one line here. */
export type Cloud = (manifest: Manifest, options?: TerraformOptions) => Generated

/** Every cloud, by the name that `--cloud` gives it. */
export const CLOUDS = {
  aws: async () => (await import('./aws.ts')).terraformForAws,
} as const satisfies Record<string, () => Promise<Cloud>>

export const CLOUD_NAMES = Object.keys(CLOUDS) as readonly (keyof typeof CLOUDS)[]
