import { defineCommand, type OptionSpec } from '../spec.ts'
import { SEAL_KINDS } from './seal-kinds.ts'

const BACKUP_KEY = {
  'backup-passphrase-file': {
    type: 'string',
    value: 'FILE',
    complete: 'file',
    summary: 'the passphrase of the backup (not of the store)',
  },
} as const satisfies Record<string, OptionSpec>

export const init = defineCommand({
  name: 'init',
  summary: 'make a store',
  description: [
    'Makes a store and grants you its built-in policy admin. The root key comes from COFFER_MASTER_KEY (32 bytes as base64, base64url or 64 hex characters), else from a key file that init writes outside the data directory and names, or from a passphrase with --seal passphrase. With --seal shamir it is split into shares for several people, which are printed once; any 3 of 5 open the store, or as the seal options shares and threshold say.',
    'Where /data/secrets cannot be made, init proposes ./.coffer (and takes it where nobody can be asked), adds it to .gitignore in a git repository and records it as dataDir in coffer.yaml, so that later commands find it.',
  ],
  options: {
    seal: {
      type: 'string',
      value: 'SEAL',
      words: SEAL_KINDS,
      summary: `where the root key is: ${SEAL_KINDS.join(', ')}`,
      default: 'the first that is ready',
    },
    admin: { type: 'string', value: 'ACTOR', summary: 'who gets the policy admin', default: 'you' },
    manifest: {
      type: 'boolean',
      summary: 'begin coffer.yaml with environments; a store that is there is used',
    },
    yes: { type: 'boolean', short: 'y', summary: 'do not ask' },
  },
  examples: [
    { command: 'coffer init', note: 'a key file, or COFFER_MASTER_KEY when it is set' },
    {
      command: 'coffer init --seal passphrase --data-dir ./secrets',
      note: 'asks for a passphrase',
    },
    { command: 'coffer init --manifest', note: 'a project with dev, preview, staging and prod' },
    {
      command: 'coffer init --seal shamir --seal-option shares=5 --seal-option threshold=3',
      note: 'five people, of whom three must come together',
    },
  ],
})

export const key = defineCommand({
  name: 'key',
  summary: 'the keys of the store',
  examples: [{ command: 'coffer key status', note: 'terms, fingerprints, seal' }],
  subcommands: {
    status: {
      name: 'key status',
      summary: 'terms, fingerprints and the seal; never a key',
      examples: [{ command: 'coffer key status', note: '' }],
    },
    rotate: {
      name: 'key rotate',
      summary: 'a new term; every version is re-wrapped, readers are not blocked',
      description: [
        'What is damaged keeps its wrap and the older terms, is named, and ends it with exit code 65; all else is under the new term. Nothing is done while the store file contradicts itself.',
        'Run it again to resume one that was interrupted. A sweep does it by itself where the active term is a year old, or as old as --every says, and finishes what was interrupted.',
        'The root key is not touched: `coffer key reseal` changes that.',
      ],
      options: {
        every: {
          type: 'string',
          value: 'DURATION',
          summary: 'do it by itself this often (30d, 1y), or never; nothing is rotated now',
        },
      },
      examples: [
        { command: 'coffer key rotate', note: 'now' },
        { command: 'coffer key rotate --every 90d', note: 'by itself; `--every never` ends that' },
      ],
    },
    reseal: {
      name: 'key reseal',
      summary: 'put the keyring under another root key',
      description: [
        'Values and their keys stay as they are. After a leak of the old root key that is not enough: copies of the store made before still open with it. Run `coffer key rotate` next, and replace the values that may have been read.',
      ],
      options: {
        seal: {
          type: 'string',
          value: 'SEAL',
          words: SEAL_KINDS,
          summary: `the new seal (required): ${SEAL_KINDS.join(', ')}`,
        },
        'new-key-file': {
          type: 'string',
          value: 'FILE',
          complete: 'file',
          summary: 'the new key file',
        },
        'new-passphrase-file': {
          type: 'string',
          value: 'FILE',
          complete: 'file',
          summary: 'the new passphrase',
        },
        'new-seal-option': {
          type: 'string',
          value: 'NAME=VALUE',
          multiple: true,
          summary: 'another option of the new seal',
        },
      },
      examples: [
        { command: 'coffer key reseal --seal passphrase', note: 'asks for the new passphrase' },
        {
          command: 'coffer key reseal --seal environment --new-seal-option variable=NEW_KEY',
          note: '',
        },
      ],
    },
  },
})

export const backup = defineCommand({
  name: 'backup',
  summary: 'write an encrypted copy of the store, while it is in use',
  description: [
    "Encrypted to age recipients or a passphrase. A restore needs the backup's own key and the store's root key; the receipt names that root key's fingerprint.",
    'A file of that name is replaced, once the new backup is complete. What a restore would refuse is not written: every value is opened first, and what does not open is named.',
  ],
  arguments: [{ name: 'file', summary: 'the file to write', complete: 'file' }],
  options: {
    recipient: { type: 'string', value: 'age1…', multiple: true, summary: 'an age recipient' },
    ...BACKUP_KEY,
    'with-damaged': { type: 'boolean', summary: 'take along what is damaged, as it is' },
  },
  examples: [
    { command: 'coffer backup store.coffer --recipient age1…', note: '' },
    { command: 'coffer backup store.coffer', note: 'asks for a passphrase' },
  ],
})

export const restore = defineCommand({
  name: 'restore',
  summary: 'restore a backup into an empty data directory',
  description: [
    'Before anything is touched it says which root key is needed and whether this process holds it. --inspect stops there. What is restored is checked as a whole: one value that does not open is reason to refuse all of it, unless --without-damaged leaves that out.',
  ],
  arguments: [{ name: 'file', summary: 'the backup', complete: 'file' }],
  options: {
    inspect: { type: 'boolean', summary: 'only say what is in it and which key it needs' },
    'identity-file': { type: 'string', value: 'FILE', complete: 'file', summary: 'age identities' },
    ...BACKUP_KEY,
    'without-damaged': { type: 'boolean', summary: 'leave out what does not open, and name it' },
  },
  examples: [
    {
      command: 'coffer restore store.coffer --identity-file key.txt --inspect',
      note: 'look first',
    },
    { command: 'coffer restore store.coffer --identity-file key.txt --data-dir ./new', note: '' },
  ],
})

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'check the store, its keys and its audit log',
  description: [
    'Exit code 0 when all is well, 1 when something is wrong. --accept-restored begins an audited new epoch of a store that was put back on purpose.',
  ],
  options: {
    'accept-restored': { type: 'boolean', summary: 'accept an older store that was put back' },
    yes: { type: 'boolean', short: 'y', summary: 'do not ask' },
  },
  examples: [
    { command: 'coffer doctor', note: '' },
    { command: 'coffer doctor --accept-restored', note: 'after putting an old copy back' },
  ],
})

export const sweep = defineCommand({
  name: 'sweep',
  summary: 'do the background work once: purge, prune, rotate what is due',
  description: [
    "The store's own key is among what is rotated, once a year or as `coffer key rotate --every` says. What was erased while somebody still read the store as it was is erased from its files. Exit code 1 when something failed, or the store is not what it was: `coffer doctor` says what.",
    'Every process that stays does it too, one of them every 24 hours: a program that opened Coffer with the library, the keeper of `coffer run --files`, `coffer audit tail -f`. A command that `coffer run` became is none of them.',
  ],
  examples: [{ command: 'coffer sweep', note: 'from cron, where nothing runs for long' }],
})
