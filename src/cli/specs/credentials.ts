import { defineCommand, type OptionSpec } from '../spec.ts'

const YES = { type: 'boolean', short: 'y', summary: 'do not ask' } as const satisfies OptionSpec
const POLICY = {
  type: 'string',
  value: 'NAME',
  multiple: true,
  summary: 'a policy; admin is built in',
} as const satisfies OptionSpec
const ROLE = {
  type: 'string',
  value: 'NAME',
  multiple: true,
  summary: 'a role, as a set of policies',
} as const satisfies OptionSpec
const ACTOR = {
  type: 'string',
  value: 'ACTOR',
  summary: 'stands for this actor, with what it was given',
} as const satisfies OptionSpec
const NAME = {
  type: 'string',
  value: 'TEXT',
  summary: 'what it is for, to be found again',
} as const satisfies OptionSpec
const WHICH = {
  name: 'accessor',
  summary: 'names the token without being it; - reads the token itself from stdin',
  optional: true,
} as const
const KEY = { name: 'id', summary: 'AKIA…' } as const

export const token = defineCommand({
  name: 'token',
  summary: 'bearer tokens for programs and people',
  description: [
    'A token is shown once, when it is made; the store keeps its hash. It ends with its time, when it is revoked, and with the token that made it.',
  ],
  examples: [
    { command: 'coffer token create --policy ci --ttl 1h', note: 'prints the token and no more' },
  ],
  subcommands: {
    create: {
      name: 'token create',
      summary: 'make a token',
      options: {
        policy: POLICY,
        role: ROLE,
        actor: ACTOR,
        ttl: { type: 'string', value: 'TIME', summary: 'how long; 0 for ever', default: '32d' },
        'max-ttl': { type: 'string', value: 'TIME', summary: 'renewals never pass this' },
        period: { type: 'string', value: 'TIME', summary: 'each renewal gives this, for ever' },
        uses: { type: 'integer', value: 'N', summary: 'how often it can be used' },
        cidr: {
          type: 'string',
          value: 'BLOCK',
          multiple: true,
          summary: 'only from these addresses',
        },
        name: NAME,
        orphan: { type: 'boolean', summary: 'it outlives the token that makes it' },
      },
      examples: [
        { command: 'coffer token create --policy ci --ttl 1h --json', note: '' },
        { command: 'coffer token create --policy shop --uses 1 --cidr 10.0.0.0/8', note: '' },
      ],
    },
    list: {
      name: 'token list',
      summary: 'list tokens that are good',
      examples: [{ command: 'coffer token list', note: '' }],
    },
    lookup: {
      name: 'token lookup',
      summary: 'what is known of a token',
      arguments: [WHICH],
      examples: [{ command: 'coffer token lookup', note: 'the one in use, at a server' }],
    },
    renew: {
      name: 'token renew',
      summary: 'give a token more time',
      arguments: [WHICH],
      options: { increment: { type: 'string', value: 'TIME', summary: 'how long from now' } },
      examples: [{ command: 'coffer token renew --increment 1h', note: '' }],
    },
    revoke: {
      name: 'token revoke',
      summary: 'end a token, and all that it made',
      arguments: [WHICH],
      options: {
        'keep-children': { type: 'boolean', summary: 'what it made goes on alone' },
        yes: YES,
      },
      examples: [{ command: 'coffer token revoke 2tQ9mWcZ4nB7rKfLx0YpHsVd --yes', note: '' }],
    },
  },
})

export const accessKey = defineCommand({
  name: 'access-key',
  summary: 'access keys as AWS has them, for AWS clients',
  description: [
    'The secret access key is shown once, when it is made. The store keeps it encrypted, because signatures are checked with it.',
  ],
  examples: [{ command: 'coffer access-key create --policy ci', note: '' }],
  subcommands: {
    create: {
      name: 'access-key create',
      summary: 'make an access key',
      options: {
        policy: POLICY,
        role: ROLE,
        actor: ACTOR,
        ttl: { type: 'string', value: 'TIME', summary: 'how long', default: 'for ever' },
        name: NAME,
      },
      examples: [
        { command: 'coffer access-key create --policy ci --json', note: '' },
        {
          command: 'eval "$(coffer access-key create --policy ci)"',
          note: 'sets the variables of AWS clients',
        },
      ],
    },
    list: {
      name: 'access-key list',
      summary: 'list access keys',
      examples: [{ command: 'coffer access-key list', note: '' }],
    },
    enable: {
      name: 'access-key enable',
      summary: 'make a disabled access key good again',
      arguments: [KEY],
      examples: [{ command: 'coffer access-key enable AKIA5F3ZK7QW2LMXTB4D', note: '' }],
    },
    disable: {
      name: 'access-key disable',
      summary: 'refuse an access key from the next request on',
      arguments: [KEY],
      examples: [{ command: 'coffer access-key disable AKIA5F3ZK7QW2LMXTB4D', note: '' }],
    },
    delete: {
      name: 'access-key delete',
      summary: 'remove an access key',
      arguments: [KEY],
      options: { yes: YES },
      examples: [{ command: 'coffer access-key delete AKIA5F3ZK7QW2LMXTB4D --yes', note: '' }],
    },
  },
})
