/** Who reads the secrets. Every policy names them one by one. */
export const IAM = `data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
  regions = concat([data.aws_region.current.id], sort(tolist(var.replica_regions)))
  arn     = "arn:\${data.aws_partition.current.partition}:secretsmanager:\${length(local.regions) == 1 ? local.regions[0] : "*"}:\${local.account}:secret:"
  keys    = [for key in compact(concat([var.kms_key_arn], values(var.replica_kms_key_arns))) : key if !endswith(key, "alias/aws/secretsmanager")]
  ci_arn  = "arn:\${data.aws_partition.current.partition}:iam::\${local.account}:oidc-provider/token.actions.githubusercontent.com"
}

data "aws_iam_policy_document" "read" {
  for_each = local.read_policies

  statement {
    sid       = "ReadDeclaredSecrets"
    actions   = concat(["secretsmanager:DescribeSecret"], each.value.kind == "ci" && !var.ci_reads_values ? [] : ["secretsmanager:GetSecretValue"])
    resources = [for key in each.value.secrets : "\${local.arn}\${local.secrets[key].name}-??????"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = local.regions
    }
  }

  # These know no single secrets. The first one reads nothing without the statement above.
  statement {
    sid       = "AskForMany"
    actions   = concat(["secretsmanager:BatchGetSecretValue"], each.value.kind == "ci" ? ["secretsmanager:ListSecrets"] : [])
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = local.regions
    }
  }

  dynamic "statement" {
    for_each = length(local.keys) == 0 ? [] : [local.keys]

    content {
      sid       = "DecryptInSecretsManager"
      actions   = ["kms:Decrypt"]
      resources = statement.value

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = [for region in local.regions : "secretsmanager.\${region}.amazonaws.com"]
      }
    }
  }
}

resource "aws_iam_policy" "read" {
  for_each = local.read_policies

  name        = each.key
  description = "Reads secrets of \${local.project} that the manifest declares."
  policy      = data.aws_iam_policy_document.read[each.key].json
  tags        = var.tags
}

# Vercel's deploy hooks. An access key is made outside of Terraform, whose state would hold it, and
# goes with its user: AWS removes no user that has one.
resource "aws_iam_user" "vercel" {
  for_each = local.vercel_users

  name          = each.value
  force_destroy = true
  tags          = merge(var.tags, { project = local.project, environment = each.key, managed-by = "terraform" })
}

resource "aws_iam_user_policy_attachment" "vercel" {
  for_each = { for name, policy in local.read_policies : name => policy if policy.kind == "vercel" }

  user       = aws_iam_user.vercel[each.value.environment].name
  policy_arn = aws_iam_policy.read[each.key].arn
}

data "aws_iam_policy_document" "lambda" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "lambda" {
  for_each = local.lambda_roles

  name               = each.value
  assume_role_policy = data.aws_iam_policy_document.lambda.json
  tags               = merge(var.tags, { project = local.project, environment = each.key, managed-by = "terraform" })
}

resource "aws_iam_role_policy_attachment" "lambda" {
  for_each = { for name, policy in local.read_policies : name => policy if policy.kind == "lambda" }

  role       = aws_iam_role.lambda[each.value.environment].name
  policy_arn = aws_iam_policy.read[each.key].arn
}

data "aws_iam_policy_document" "ci" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [coalesce(var.github_oidc_provider_arn, local.ci_arn)]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }

    # No subject at GitHub is called nobody: without any, the role is taken by none.
    condition {
      test     = "StringLike"
      variable = "token.actions.githubusercontent.com:sub"
      values   = length(var.ci_subjects) == 0 ? ["nobody"] : var.ci_subjects
    }
  }
}

resource "aws_iam_role" "ci" {
  name               = local.ci_role
  assume_role_policy = data.aws_iam_policy_document.ci.json
  tags               = merge(var.tags, { project = local.project, managed-by = "terraform" })
}

resource "aws_iam_role_policy_attachment" "ci" {
  for_each = { for name, policy in local.read_policies : name => policy if policy.kind == "ci" }

  role       = aws_iam_role.ci.name
  policy_arn = aws_iam_policy.read[each.key].arn
}
`
