/**
 * The secrets through terraform-aws-modules/secrets-manager. It always writes a first version: a
 * random one that Terraform forgets, since a value given here would be in its state.
 */
export const MODULE = `data "aws_caller_identity" "current" {}

locals {
  # A function for this secret, for those of its name in all environments, or for all.
  rotations = {
    for key, secret in local.secrets : key => [
      for name in [key, secret.secret, "*"] : name if contains(keys(var.rotation_lambda_arns), name)
    ]
  }
}

module "secret" {
  source   = "terraform-aws-modules/secrets-manager/aws"
  version  = "~> 2.0"
  for_each = local.secrets

  name                    = each.value.name
  description             = each.value.description
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.recovery_window_in_days
  replica                 = { for region in var.replica_regions : region => { kms_key_id = lookup(var.replica_kms_key_arns, region, null) } }

  # A placeholder, until a value is delivered: what is written later is left alone.
  create_random_password = true
  ignore_secret_changes  = true

  create_policy       = true
  block_public_policy = true
  policy_statements = {
    tls = {
      sid        = "DenyWithoutTls"
      effect     = "Deny"
      actions    = ["secretsmanager:GetSecretValue"]
      resources  = ["*"]
      principals = [{ type = "*", identifiers = ["*"] }]
      condition  = [{ test = "Bool", variable = "aws:SecureTransport", values = ["false"] }]
    }
    account = {
      sid        = "DenyOtherAccounts"
      effect     = "Deny"
      actions    = ["secretsmanager:GetSecretValue"]
      resources  = ["*"]
      principals = [{ type = "*", identifiers = ["*"] }]
      condition = [
        { test = "StringNotEquals", variable = "aws:PrincipalAccount", values = [data.aws_caller_identity.current.account_id] },
        { test = "Bool", variable = "aws:PrincipalIsAWSService", values = ["false"] },
      ]
    }
  }

  enable_rotation     = length(local.rotations[each.key]) > 0
  rotation_lambda_arn = length(local.rotations[each.key]) > 0 ? var.rotation_lambda_arns[local.rotations[each.key][0]] : ""
  rotation_rules      = { automatically_after_days = each.value.rotate_every_days }

  tags = merge(var.tags, each.value.marks, {
    project           = local.project
    environment       = each.value.environment
    service           = each.value.service
    owner             = each.value.owner
    classification    = each.value.classification
    rotation-interval = each.value.rotation_interval
    managed-by        = "terraform"
  })
}
`
