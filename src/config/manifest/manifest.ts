import type { TypeSpec } from '../../core/types/spec.ts'
import type { ProviderSpec } from '../options.ts'
import type { ParsedReference } from '../reference.ts'

/** A project that declares what each environment needs: coffer.yaml with `environments`. */
export interface Manifest {
  /** Absolute. */
  readonly file: string
  readonly dir: string
  readonly project: string
  /** The default environment. */
  readonly environment?: string | undefined
  /** As written; at least one. */
  readonly environments: readonly Environment[]
  readonly secrets: readonly DeclaredSecret[]
  /** Providers by name, besides those of the registry. */
  readonly providers: Readonly<Record<string, ProviderSpec>>
  /** Destinations that have a name of their own, by it. */
  readonly destinations: Readonly<Record<string, DestinationSpec>>
  /** What runs in the environments, by the names of `usedBy`. */
  readonly workloads: Readonly<Record<string, Workload>>
}

export interface Environment {
  readonly name: string
  /** Where its secrets lie: `shop/prod`, canonical. */
  readonly prefix: string
  /** The provider of relative references in it; default `coffer`. */
  readonly provider: string
  /** What keys of relative references begin with at its provider: `shop/prod`, `/shop/prod`. */
  readonly keyPrefix: string
  readonly description?: string | undefined
  readonly at: string | undefined
}

export interface Workload {
  /** Who reads as this workload, by environment: `service:shop-prod-api`. */
  readonly actor: Readonly<Record<string, string>>
  /**
   * In Kubernetes, `${env}` and `${project}` not yet filled in; default `default`, and the workload's
   * own name as its service account.
   */
  readonly namespace?: string | undefined
  readonly serviceAccount?: string | undefined
  readonly at: string | undefined
}

export interface DeclaredSecret {
  /** `api/stripe-key`. */
  readonly name: string
  /** Where it is written: `coffer.yaml:7:3`. */
  readonly at: string | undefined
  readonly type?: TypeSpec | undefined
  readonly description?: string | undefined
  readonly owner?: string | undefined
  readonly classification?: string | undefined
  /** Default 90. */
  readonly rotateEveryDays: number
  readonly rotatesItself: boolean
  readonly usedBy: readonly string[]
  /** The environments that need it: all, unless it says `environments`. */
  readonly environments: readonly string[]
  readonly optional: boolean
  readonly envName?: string | undefined
  /** By environment: absolute; for most `<prefix>/<name>`. */
  readonly references: Readonly<Record<string, ParsedReference>>
  readonly deliver: readonly DeclaredDelivery[]
}

/** One line of `deliver`. */
export interface DeclaredDelivery {
  /** A name of `destinations`, else a kind. */
  readonly to: string
  /** What it is called there. */
  readonly name: string
  /** Of the destination, `${env}` and `${project}` not yet filled in. */
  readonly options: Readonly<Record<string, OptionValue>>
  /** The environments whose value is delivered by it. */
  readonly environments: readonly string[]
  readonly at: string | undefined
}

export interface DestinationSpec {
  readonly kind: string
  readonly options: Readonly<Record<string, OptionValue>>
  readonly at: string | undefined
}

/** Text, a list of texts, or texts by name. */
export type OptionValue = string | readonly string[] | Readonly<Record<string, string>>

/** One place of one environment with all that is to be there. Made by `deliveriesOf`. */
export interface DeliveryTarget {
  readonly kind: string
  /** Filled in. */
  readonly options: Readonly<Record<string, OptionValue>>
  readonly entries: readonly DeliveryEntry[]
}

export interface DeliveryEntry {
  /** As its line says: a name of `destinations`, else a kind. */
  readonly to: string
  /** What it is called there. */
  readonly name: string
  readonly secret: DeclaredSecret
  readonly reference: ParsedReference
  readonly at: string | undefined
}
