// An application that knows nothing of Coffer: it reads its environment, as it always did.
const names = ['DATABASE_URL', 'SESSION_KEY', 'PAYMENTS_TOKEN', 'SMTP_PASSWORD']
const missing = names.filter((name) => !process.env[name])

if (missing.length > 0) {
  console.error(`missing: ${missing.join(', ')}`)
  process.exit(1)
}
const { host } = new URL(process.env['DATABASE_URL'] ?? '')
const mail = process.env['SMTP_PASSWORD'] ?? ''
console.log(`report from ${host}, mailed with a password of ${mail.length} characters`)
