import { openCoffer } from 'coffer'
import { defineConfig, readManifest, secretRef } from 'coffer/config'

// Without overlays: names of the manifest, checked by the compiler (coffer-secrets.d.ts).
const config = defineConfig(
  {
    stripe: secretRef('payments/stripe-key'),
    mail: secretRef('mail/smtp-password').optional(),
  },
  { manifest: await readManifest(import.meta.dirname) },
)

await using coffer = await openCoffer()
const { stripe, mail } = await config.load({ coffer })

console.log(`charging with ${stripe}, receipts ${mail === undefined ? 'to the log' : `by ${mail}`}`)
