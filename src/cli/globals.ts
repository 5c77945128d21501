import type { OptionSpec, OptionsOf } from './spec.ts'

/** Options that every command takes, before or after its name. */
export const GLOBAL_OPTIONS = {
  'data-dir': {
    type: 'string',
    value: 'DIR',
    complete: 'directory',
    summary: 'where the store lives',
    default: 'COFFER_DATA_DIR, the project, /data/secrets',
  },
  'audit-dir': {
    type: 'string',
    value: 'DIR',
    complete: 'directory',
    summary: 'where the audit log lives',
    default: 'DATA-DIR/audit',
  },
  address: {
    type: 'string',
    value: 'URL',
    summary: 'work at this server in place of a local store',
    default: 'COFFER_ADDR',
  },
  ca: {
    type: 'string',
    value: 'FILE',
    complete: 'file',
    summary: "the authority of the server's certificate",
    default: 'COFFER_CACERT',
  },
  as: { type: 'string', value: 'ACTOR', summary: 'act as another actor; audited as such' },
  'key-file': {
    type: 'string',
    value: 'FILE',
    complete: 'file',
    summary: 'the root key file of a store sealed by key-file',
  },
  'passphrase-file': {
    type: 'string',
    value: 'FILE',
    complete: 'file',
    summary: 'the passphrase of a store sealed by passphrase',
  },
  'seal-option': {
    type: 'string',
    value: 'NAME=VALUE',
    multiple: true,
    summary: 'another option of the seal',
  },
  checkpoint: {
    type: 'string',
    value: 'FILE',
    complete: 'file',
    summary: 'a head kept elsewhere (`coffer audit head --json`): refuse anything older',
  },
  json: { type: 'boolean', summary: 'one JSON document on stdout; errors as JSON on stderr' },
  quiet: { type: 'boolean', short: 'q', summary: 'no confirmations and no progress' },
  'no-color': { type: 'boolean', summary: 'no colours, as NO_COLOR does' },
  help: { type: 'boolean', short: 'h', summary: 'this help' },
} as const satisfies Record<string, OptionSpec>

export type Globals = OptionsOf<{ options: typeof GLOBAL_OPTIONS }>
