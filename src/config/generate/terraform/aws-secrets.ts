/** The secrets as plain resources. No value is ever part of Terraform's state. */
export const SECRETS = `data "aws_caller_identity" "current" {}

data "aws_iam_policy_document" "secret" {
  # Who may read is said by IAM, in iam.tf. This refuses, whatever anybody adds there.
  statement {
    sid       = "DenyWithoutTls"
    effect    = "Deny"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = ["*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  statement {
    sid       = "DenyOtherAccounts"
    effect    = "Deny"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = ["*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "StringNotEquals"
      variable = "aws:PrincipalAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }

    condition {
      test     = "Bool"
      variable = "aws:PrincipalIsAWSService"
      values   = ["false"]
    }
  }
}

locals {
  # A function for this secret, for those of its name in all environments, or for all.
  rotations = {
    for key, secret in local.secrets : key => [
      for name in [key, secret.secret, "*"] : name if contains(keys(var.rotation_lambda_arns), name)
    ][0]
    if length(setintersection([key, secret.secret, "*"], keys(var.rotation_lambda_arns))) > 0
  }

  secret_tags = {
    for key, secret in local.secrets : key => merge(var.tags, secret.marks, {
      project           = local.project
      environment       = secret.environment
      service           = secret.service
      owner             = secret.owner
      classification    = secret.classification
      rotation-interval = secret.rotation_interval
      managed-by        = "terraform"
    })
  }
}

resource "aws_secretsmanager_secret" "this" {
  for_each = local.secrets

  name                    = each.value.name
  description             = each.value.description
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.recovery_window_in_days
  tags                    = local.secret_tags[each.key]

  dynamic "replica" {
    for_each = var.replica_regions

    content {
      region     = replica.value
      kms_key_id = lookup(var.replica_kms_key_arns, replica.value, null)
    }
  }
}

resource "aws_secretsmanager_secret_policy" "this" {
  for_each = aws_secretsmanager_secret.this

  secret_arn          = each.value.arn
  policy              = data.aws_iam_policy_document.secret.json
  block_public_policy = true
}

resource "aws_secretsmanager_secret_rotation" "this" {
  for_each = local.rotations

  secret_id           = aws_secretsmanager_secret.this[each.key].id
  rotation_lambda_arn = var.rotation_lambda_arns[each.value]

  rotation_rules {
    automatically_after_days = local.secrets[each.key].rotate_every_days
  }
}
`
