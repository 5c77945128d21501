/** A credential that can be told by its looks alone. */
export interface TokenFormat {
  /** `a GitHub token`. */
  readonly what: string
  readonly pattern: RegExp
}

/**
 * Formats that their issuers document or that are used by scanners everywhere. Each has something
 * in it that no ordinary text has, and takes time that is linear in the text.
 */
export const TOKEN_FORMATS: readonly TokenFormat[] = [
  { what: 'a private key', pattern: /-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY-----/ },
  { what: 'an age identity', pattern: /\bAGE-SECRET-KEY-1[0-9A-Z]{58}\b/ },
  { what: 'a Coffer token', pattern: /\bcoffer_[0-9A-Za-z]{49}\b/ },
  { what: 'a Vault token', pattern: /\bhv[sbr]\.[\w-]{20,}/ },
  { what: 'an AWS access key', pattern: /\b(?:AKIA|ASIA)[A-Z2-7]{16}\b/ },
  { what: 'a GitHub token', pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{60,})/ },
  { what: 'a GitLab token', pattern: /\bglpat-[\w-]{20,}/ },
  { what: 'a Stripe key', pattern: /\b(?:[rs]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_\w{24,})/ },
  { what: 'a Slack token', pattern: /\bxox[abeprs]-[A-Za-z0-9-]{10,}/ },
  { what: 'a Slack webhook', pattern: /\bhooks\.slack\.com\/(?:services|workflows)\/[\w/]{20,}/ },
  { what: 'a Google API key', pattern: /\bAIza[\w-]{35}\b/ },
  { what: 'a SendGrid key', pattern: /\bSG\.[\w-]{16,}\.[\w-]{16,}/ },
  { what: 'an npm token', pattern: /\bnpm_[A-Za-z0-9]{36}\b/ },
  { what: 'a PyPI token', pattern: /\bpypi-AgEI[\w-]{50,}/ },
  {
    what: 'an OpenAI or Anthropic key',
    pattern: /\bsk-(?:(?:proj|ant|svcacct)-[\w-]{20,}|\w{32,})/,
  },
  { what: 'a DigitalOcean token', pattern: /\bdo[opr]_v1_[a-f0-9]{64}\b/ },
  { what: 'a Shopify token', pattern: /\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}\b/ },
  { what: 'a Twilio key', pattern: /\bSK[0-9a-f]{32}\b/ },
  { what: 'a PostHog key', pattern: /\bphx_\w{20,}/ },
  { what: 'a Hugging Face token', pattern: /\bhf_[A-Za-z]{34}\b/ },
  { what: 'a Doppler token', pattern: /\bdp\.(?:pt|st|ct|sa|scim|audit)\.\w{40,}/ },
  { what: 'an Azure key', pattern: /\b(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{40,}/ },
  { what: 'a signed token (JWT)', pattern: /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}/ },
]

/** What credential a text holds, and where it begins. */
export function findToken(text: string): { what: string; index: number } | undefined {
  for (const { what, pattern } of TOKEN_FORMATS) {
    const index = text.search(pattern)
    if (index !== -1) return { what, index }
  }
  return undefined
}
