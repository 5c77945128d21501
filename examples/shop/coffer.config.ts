import { defineConfig, env, secretRef } from 'coffer/config'
import { z } from 'zod'

export default defineConfig(
  {
    http: { port: env('PORT', z.coerce.number().int().min(0).default(0)) },
    database: { url: secretRef('database-url', z.url()) },
    session: { key: secretRef('session-key', z.string().min(16)) },
    payments: { token: secretRef('payments-token') },
    smtp: { password: secretRef('smtp-password').optional() },
  },
  { prefix: ({ env }) => `shop/${env}/api` },
)
