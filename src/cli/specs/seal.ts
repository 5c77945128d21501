import { defineCommand } from '../spec.ts'

export const unseal = defineCommand({
  name: 'unseal',
  summary: 'give a server a share of its root key',
  description: [
    'Asks for one share, or reads shares from stdin, one on each line. The server opens its store with the last one that it needs; until then it keeps those that it has, in memory only, for ten minutes. No token is needed: the shares are the proof.',
    'A server whose store is not in shares takes the root key itself, after `coffer seal`. Beside the server, a command at the data directory asks for shares itself, or reads COFFER_SHARES.',
  ],
  options: {
    status: { type: 'boolean', summary: 'only say how far it is' },
    reset: { type: 'boolean', summary: 'forget the shares that were given' },
  },
  examples: [
    { command: 'coffer unseal', note: 'asks for your share, without showing it' },
    { command: 'coffer unseal < share.txt', note: '' },
    { command: 'coffer unseal --status --json', note: 'sealed, progress, threshold' },
  ],
})

export const seal = defineCommand({
  name: 'seal',
  summary: 'close the store of a server and erase its keys from memory',
  description: [
    'In an emergency: from then on the server hands out nothing, on any worker. Needs `admin` on store:seal. Only shares, or the root key, open it again: `coffer unseal`.',
  ],
  options: { yes: { type: 'boolean', short: 'y', summary: 'do not ask' } },
  examples: [{ command: 'coffer seal --yes', note: '' }],
})
