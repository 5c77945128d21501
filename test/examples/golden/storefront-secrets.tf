# Made by coffer from the manifest.

locals {
  project = "storefront"

  secrets = {
    "preview/web/session-key" = {
      environment       = "preview"
      service           = "web"
      secret            = "web/session-key"
      name              = "/storefront/preview/web/session-key"
      description       = "Signs the cookies of customers"
      owner             = "web@storefront.example"
      classification    = "restricted"
      rotate_every_days = 30
      rotation_interval = "30d"
      marks             = {}
    }
    "preview/payments/stripe-key" = {
      environment       = "preview"
      service           = "payments"
      secret            = "payments/stripe-key"
      name              = "/storefront/preview/payments/stripe-key"
      description       = "Charges cards"
      owner             = "payments@storefront.example"
      classification    = "restricted"
      rotate_every_days = 90
      rotation_interval = "90d"
      marks             = {}
    }
    "preview/orders/database-url" = {
      environment       = "preview"
      service           = "orders"
      secret            = "orders/database-url"
      name              = "/storefront/preview/orders/database-url"
      description       = "The database of orders"
      owner             = "platform@storefront.example"
      classification    = "confidential"
      rotate_every_days = 60
      rotation_interval = "60d"
      marks             = {}
    }
    "staging/web/session-key" = {
      environment       = "staging"
      service           = "web"
      secret            = "web/session-key"
      name              = "/storefront/staging/web/session-key"
      description       = "Signs the cookies of customers"
      owner             = "web@storefront.example"
      classification    = "restricted"
      rotate_every_days = 30
      rotation_interval = "30d"
      marks             = {}
    }
    "staging/payments/stripe-key" = {
      environment       = "staging"
      service           = "payments"
      secret            = "payments/stripe-key"
      name              = "/storefront/staging/payments/stripe-key"
      description       = "Charges cards"
      owner             = "payments@storefront.example"
      classification    = "restricted"
      rotate_every_days = 90
      rotation_interval = "90d"
      marks             = {}
    }
    "staging/orders/database-url" = {
      environment       = "staging"
      service           = "orders"
      secret            = "orders/database-url"
      name              = "/storefront/staging/orders/database-url"
      description       = "The database of orders"
      owner             = "platform@storefront.example"
      classification    = "confidential"
      rotate_every_days = 60
      rotation_interval = "60d"
      marks             = {}
    }
    "staging/mail/smtp-password" = {
      environment       = "staging"
      service           = "mail"
      secret            = "mail/smtp-password"
      name              = "/storefront/staging/mail/smtp-password"
      description       = "Sends receipts; previews write them to the log"
      owner             = "platform@storefront.example"
      classification    = "confidential"
      rotate_every_days = 90
      rotation_interval = "90d"
      marks             = {}
    }
    "prod/web/session-key" = {
      environment       = "prod"
      service           = "web"
      secret            = "web/session-key"
      name              = "/storefront/prod/web/session-key"
      description       = "Signs the cookies of customers"
      owner             = "web@storefront.example"
      classification    = "restricted"
      rotate_every_days = 30
      rotation_interval = "30d"
      marks             = {}
    }
    "prod/payments/stripe-key" = {
      environment       = "prod"
      service           = "payments"
      secret            = "payments/stripe-key"
      name              = "/storefront/prod/payments/stripe-key"
      description       = "Charges cards"
      owner             = "payments@storefront.example"
      classification    = "restricted"
      rotate_every_days = 90
      rotation_interval = "90d"
      marks             = {}
    }
    "prod/orders/database-url" = {
      environment       = "prod"
      service           = "orders"
      secret            = "orders/database-url"
      name              = "/storefront/prod/orders/database-url"
      description       = "The database of orders"
      owner             = "platform@storefront.example"
      classification    = "confidential"
      rotate_every_days = 60
      rotation_interval = "60d"
      marks             = {}
    }
    "prod/mail/smtp-password" = {
      environment       = "prod"
      service           = "mail"
      secret            = "mail/smtp-password"
      name              = "/storefront/prod/mail/smtp-password"
      description       = "Sends receipts; previews write them to the log"
      owner             = "platform@storefront.example"
      classification    = "confidential"
      rotate_every_days = 90
      rotation_interval = "90d"
      marks             = {}
    }
  }

  vercel_users = {
    preview = "storefront-runtime-vercel-preview"
    staging = "storefront-runtime-vercel-staging"
    prod    = "storefront-runtime-vercel-prod"
  }

  lambda_roles = {
    preview = "storefront-runtime-lambda-preview"
    staging = "storefront-runtime-lambda-staging"
    prod    = "storefront-runtime-lambda-prod"
  }

  ci_role = "storefront-ci"

  read_policies = {
    storefront-runtime-vercel-preview-read-1 = {
      kind        = "vercel"
      environment = "preview"
      secrets = [
        "preview/web/session-key",
        "preview/payments/stripe-key",
        "preview/orders/database-url",
      ]
    }
    storefront-runtime-vercel-staging-read-1 = {
      kind        = "vercel"
      environment = "staging"
      secrets = [
        "staging/web/session-key",
        "staging/payments/stripe-key",
        "staging/orders/database-url",
        "staging/mail/smtp-password",
      ]
    }
    storefront-runtime-vercel-prod-read-1 = {
      kind        = "vercel"
      environment = "prod"
      secrets = [
        "prod/web/session-key",
        "prod/payments/stripe-key",
        "prod/orders/database-url",
        "prod/mail/smtp-password",
      ]
    }
    storefront-runtime-lambda-preview-read-1 = {
      kind        = "lambda"
      environment = "preview"
      secrets = [
        "preview/web/session-key",
        "preview/payments/stripe-key",
        "preview/orders/database-url",
      ]
    }
    storefront-runtime-lambda-staging-read-1 = {
      kind        = "lambda"
      environment = "staging"
      secrets = [
        "staging/web/session-key",
        "staging/payments/stripe-key",
        "staging/orders/database-url",
        "staging/mail/smtp-password",
      ]
    }
    storefront-runtime-lambda-prod-read-1 = {
      kind        = "lambda"
      environment = "prod"
      secrets = [
        "prod/web/session-key",
        "prod/payments/stripe-key",
        "prod/orders/database-url",
        "prod/mail/smtp-password",
      ]
    }
    storefront-ci-read-1 = {
      kind        = "ci"
      environment = ""
      secrets = [
        "preview/web/session-key",
        "preview/payments/stripe-key",
        "preview/orders/database-url",
        "staging/web/session-key",
        "staging/payments/stripe-key",
        "staging/orders/database-url",
        "staging/mail/smtp-password",
        "prod/web/session-key",
        "prod/payments/stripe-key",
        "prod/orders/database-url",
        "prod/mail/smtp-password",
      ]
    }
  }
}
