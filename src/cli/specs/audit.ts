import { defineCommand, type OptionSpec } from '../spec.ts'
import { AUDIT_ACTIONS } from './words.ts'

const FILTER = {
  actor: { type: 'string', value: 'ACTOR', summary: 'what this actor did' },
  action: {
    type: 'string',
    value: 'ACTION',
    words: AUDIT_ACTIONS,
    summary: 'read, write, delete, key.rotate …',
  },
  outcome: {
    type: 'string',
    value: 'OUTCOME',
    choices: ['allowed', 'denied', 'failed'],
    summary: 'allowed, denied or failed',
  },
  path: { type: 'string', value: 'PATTERN', summary: 'what was done to this path: shop/**' },
  destination: {
    type: 'string',
    value: 'PATTERN',
    summary: 'what was delivered there: vercel:*/production',
  },
  since: { type: 'string', value: '1d|TIME', summary: 'not older' },
  until: { type: 'string', value: 'TIME', summary: 'not newer' },
  limit: { type: 'integer', value: 'N', summary: 'the newest so many', default: '100' },
} as const satisfies Record<string, OptionSpec>

export const audit = defineCommand({
  name: 'audit',
  summary: 'what was done, by whom, and proof that nothing was changed',
  examples: [
    { command: 'coffer audit tail', note: 'the newest events' },
    { command: 'coffer audit verify', note: 'is the log whole?' },
  ],
  subcommands: {
    tail: {
      name: 'audit tail',
      summary: 'the newest events',
      options: {
        follow: { type: 'boolean', short: 'f', summary: 'go on with new ones until interrupted' },
        limit: { type: 'integer', value: 'N', summary: 'so many', default: '20' },
      },
      examples: [{ command: 'coffer audit tail -f', note: 'watch' }],
    },
    query: {
      name: 'audit query',
      summary: 'search the log',
      options: FILTER,
      examples: [
        { command: 'coffer audit query --outcome denied --since 7d', note: 'who was refused' },
        { command: 'coffer audit query --path shop/prod/** --action read', note: 'who read it' },
      ],
    },
    verify: {
      name: 'audit verify',
      summary: 'check the whole log, its end included',
      description: [
        'Finds edited, removed, reordered, repeated and cut entries, and names the first bad one. With --checkpoint the log must also contain a head that was kept elsewhere. Exit code 65 when it was tampered with.',
        'With --file it checks an exported log without a store or its keys: give the public key (audit/public-key.pem) and the id of the store (`coffer key status`). Whether its end is missing only a --checkpoint can tell.',
      ],
      options: {
        file: {
          type: 'string',
          value: 'FILE',
          complete: 'file',
          summary: 'an exported log, checked by itself',
        },
        'public-key': {
          type: 'string',
          value: 'FILE',
          complete: 'file',
          summary: 'the PEM to check it with',
        },
        'store-id': { type: 'string', value: 'ID', summary: 'the store that it is of' },
      },
      examples: [
        { command: 'coffer audit verify', note: '' },
        {
          command: 'coffer audit verify --checkpoint head.json',
          note: 'against an outside witness',
        },
        {
          command: 'coffer audit verify --file audit.jsonl --public-key key.pem --store-id ID',
          note: 'by anyone, anywhere',
        },
      ],
    },
    export: {
      name: 'audit export',
      summary: "the log's own lines, which still verify",
      options: {
        'from-seq': { type: 'integer', value: 'N', summary: 'begin at this entry' },
        out: {
          type: 'string',
          value: 'FILE',
          complete: 'file',
          summary: 'write a file of mode 0600',
        },
      },
      examples: [{ command: 'coffer audit export --out audit.jsonl', note: '' }],
    },
    head: {
      name: 'audit head',
      summary: 'the newest signed point: keep it elsewhere as a witness',
      examples: [
        { command: 'coffer audit head --json > head.json', note: 'a --checkpoint for later' },
      ],
    },
  },
})
