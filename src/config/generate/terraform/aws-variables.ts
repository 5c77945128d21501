import { hclText } from './hcl.ts'

export interface VariableDefaults {
  readonly subjects: readonly string[]
  readonly replicaRegions: readonly string[]
}

/** What whoever applies it may say. Everything has a default: `terraform plan` asks nothing. */
export const variables = ({ subjects, replicaRegions }: VariableDefaults): string =>
  `variable "tags" {
  description = "Tags of everything, besides those that are made from the manifest."
  type        = map(string)
  default     = {}
}

variable "kms_key_arn" {
  description = "The key that encrypts the secrets. AWS's own of the account, where there is none; back from another to that, name alias/aws/secretsmanager: a secret keeps its key when none is named."
  type        = string
  default     = null
}

variable "recovery_window_in_days" {
  description = "For how long a secret that was removed can be brought back: 7 to 30 days, or 0."
  type        = number
  default     = 30

  validation {
    condition     = var.recovery_window_in_days == 0 || (var.recovery_window_in_days >= 7 && var.recovery_window_in_days <= 30)
    error_message = "It is 0, or from 7 to 30."
  }
}

variable "replica_regions" {
  description = "Regions that hold a copy of every secret, for the day that this one is gone."
  type        = set(string)
  default     = ${line(replicaRegions)}
}

variable "replica_kms_key_arns" {
  description = "The keys of replicas, by region."
  type        = map(string)
  default     = {}
}

variable "rotation_lambda_arns" {
  description = "Functions that rotate: by \\"prod/api/stripe-key\\", by \\"api/stripe-key\\" for all environments, or by \\"*\\". AWS calls one as soon as it is named: deliver values first."
  type        = map(string)
  default     = {}
}

variable "github_oidc_provider_arn" {
  description = "The OpenID Connect provider of GitHub in this account. The one with its usual name, where nothing is said."
  type        = string
  default     = null
}

variable "ci_subjects" {
  description = "Who takes the role of CI: repo:OWNER/NAME:environment:prod, with * after the repository's name only. Nobody, where it is empty."
  type        = list(string)
  default     = ${line(subjects)}

  validation {
    condition     = alltrue([for subject in var.ci_subjects : can(regex("^repo:[^*?:/]+/[^*?:/]+:.+$", subject))])
    error_message = "A subject begins with repo:OWNER/NAME: and no wildcard is in these."
  }
}

variable "ci_reads_values" {
  description = "Whether CI reads values, as checks of types and deliveries do. Otherwise it sees that they are there, and how old."
  type        = bool
  default     = true
}
`

/** On one line, so that its neighbours are aligned with it. */
const line = (texts: readonly string[]): string => `[${texts.map(hclText).join(', ')}]`
