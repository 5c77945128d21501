// Made by coffer from the manifest: run `coffer types` again when it changes.
export type { DeclaredSecrets } from 'coffer/config'

declare module 'coffer/config' {
  interface DeclaredSecrets {
    /** Signs the cookies of customers · token · web@storefront.example */
    readonly 'web/session-key': true
    /** Charges cards · apiKey · payments@storefront.example */
    readonly 'payments/stripe-key': true
    /** The database of orders · url · platform@storefront.example */
    readonly 'orders/database-url': true
    /** Sends receipts; previews write them to the log · password · platform@storefront.example · only in staging, prod */
    readonly 'mail/smtp-password': true
  }
}
