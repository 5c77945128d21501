/**
 * Variables that hold Coffer's own keys or lead to them. They are nobody's secrets: programs that are
 * started do not inherit them, and no reference reads them.
 */
export const OWN_KEYS: readonly string[] = [
  'COFFER_MASTER_KEY',
  'OBSERVABILITY_MASTER_KEY',
  'COFFER_PASSPHRASE',
  'COFFER_PASSPHRASE_FILE',
  'COFFER_SHARES',
  'COFFER_KEY_FILE',
  'COFFER_TOKEN',
  'COFFER_TOKEN_FILE',
]
