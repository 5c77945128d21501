import { IN_ENVIRONMENT, PATH } from '../secret-path.ts'
import { defineCommand } from '../spec.ts'

export const rotate = defineCommand({
  name: 'rotate',
  summary: 'replace a value by a generated one',
  description: [
    'Coffer generates what its type says: passwords, tokens, API keys, encryption keys, private keys. With --due all secrets below a prefix whose rotation rule is due and automatic.',
  ],
  arguments: [{ name: 'path', summary: 'a secret; with --due a prefix', optional: true }],
  options: {
    ...IN_ENVIRONMENT,
    due: { type: 'boolean', summary: 'every secret that is due' },
    length: { type: 'integer', value: 'N', summary: 'how long: characters, or bytes' },
    label: {
      type: 'string',
      value: 'LABEL',
      multiple: true,
      summary: 'labels of the new version',
      default: 'current',
    },
    token: { type: 'string', value: 'TOKEN', summary: 'idempotency token' },
  },
  examples: [
    { command: 'coffer rotate shop/dev/api/session', note: 'one' },
    { command: 'coffer rotate web/session-key --env prod', note: 'one of the manifest' },
    { command: 'coffer rotate --due', note: 'all that are due' },
  ],
})

export const history = defineCommand({
  name: 'history',
  summary: 'show the versions of a secret',
  arguments: [PATH],
  options: IN_ENVIRONMENT,
  examples: [
    { command: 'coffer history shop/dev/api/db-url', note: 'who made which version, when' },
  ],
})

export const rollback = defineCommand({
  name: 'rollback',
  summary: 'make an older version current again',
  description: [
    'Moves the label current, and previous to the version it leaves. Makes no version.',
  ],
  arguments: [PATH],
  options: {
    ...IN_ENVIRONMENT,
    to: {
      type: 'integer',
      value: 'N',
      summary: 'the version',
      default: 'the one labelled previous',
    },
  },
  examples: [{ command: 'coffer rollback shop/dev/api/db-url --to 3', note: '' }],
})

export const label = defineCommand({
  name: 'label',
  summary: 'move a label to a version, or take it off',
  arguments: [PATH, { name: 'label', summary: 'the label' }],
  options: {
    ...IN_ENVIRONMENT,
    to: { type: 'integer', value: 'N', summary: 'the version that gets it' },
    remove: { type: 'boolean', summary: 'take it off' },
    from: { type: 'integer', value: 'N', summary: 'only when it is on this version now' },
  },
  examples: [
    { command: 'coffer label shop/dev/api/db-url canary --to 4', note: '' },
    { command: 'coffer label shop/dev/api/db-url canary --remove', note: '' },
  ],
})

export const enable = defineCommand({
  name: 'enable',
  summary: 'let a version be read again',
  arguments: [PATH],
  options: {
    ...IN_ENVIRONMENT,
    version: { type: 'integer', value: 'N', summary: 'the version', default: 'current' },
  },
  examples: [{ command: 'coffer enable shop/dev/api/db-url --version 3', note: '' }],
})

export const disable = defineCommand({
  name: 'disable',
  summary: 'refuse reads of a version',
  arguments: [PATH],
  options: {
    ...IN_ENVIRONMENT,
    version: { type: 'integer', value: 'N', summary: 'the version', default: 'current' },
  },
  examples: [{ command: 'coffer disable shop/dev/api/db-url --version 3', note: '' }],
})

export const deleteSpec = defineCommand({
  name: 'delete',
  summary: 'delete a secret; it can be brought back for a while',
  arguments: [PATH],
  options: {
    ...IN_ENVIRONMENT,
    'recovery-days': {
      type: 'integer',
      value: 'N',
      summary: 'how long it can be brought back',
      default: '30',
    },
  },
  examples: [{ command: 'coffer delete shop/dev/api/old-key --recovery-days 7', note: '' }],
})

export const undelete = defineCommand({
  name: 'undelete',
  summary: 'bring a deleted secret back',
  arguments: [PATH],
  options: IN_ENVIRONMENT,
  examples: [{ command: 'coffer undelete shop/dev/api/old-key', note: '' }],
})

export const destroy = defineCommand({
  name: 'destroy',
  summary: 'erase versions for good',
  description: [
    'Erases the keys of the versions: nobody can read them again. Copies in backups stay readable, as long as the backup and the root key of its day exist. --all erases every version and removes the secret itself.',
  ],
  arguments: [PATH],
  options: {
    ...IN_ENVIRONMENT,
    version: { type: 'integer', value: 'N', multiple: true, summary: 'a version' },
    all: { type: 'boolean', summary: 'every version, and the secret itself' },
    yes: { type: 'boolean', short: 'y', summary: 'do not ask' },
  },
  examples: [
    { command: 'coffer destroy shop/dev/api/db-url --version 1 --version 2', note: '' },
    { command: 'coffer destroy shop/dev/api/old-key --all --yes', note: 'without asking' },
  ],
})
