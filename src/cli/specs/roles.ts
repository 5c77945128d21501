import { defineCommand, type OptionSpec } from '../spec.ts'

const NAME = { name: 'name', summary: 'its name' } as const
const YES = { type: 'boolean', short: 'y', summary: 'do not ask' } as const satisfies OptionSpec
const LOGIN = {
  type: 'boolean',
  summary: 'roles that machines log in to, instead of sets of policies',
} as const satisfies OptionSpec
const MOUNT = {
  type: 'string',
  value: 'NAME',
  summary: 'which of several sets of login roles',
  default: 'approle',
} as const satisfies OptionSpec
const BLOCK = { type: 'string', value: 'BLOCK', multiple: true } as const
const TIME = { type: 'string', value: 'TIME' } as const

export const role = defineCommand({
  name: 'role',
  summary: 'sets of policies, and roles that machines log in to',
  description: [
    'There are two kinds, with names of their own. A set of policies is given to actors: `role put`, `role list`, `role delete`. A login role is what a machine logs in to with a role id and a secret id, for a token: `role create`, `role secret-id`, and `role list` and `role delete` with --login.',
  ],
  examples: [
    { command: 'coffer role put deployer --policy ci --policy auditor', note: 'a set of policies' },
    { command: 'coffer role create web --policy shop --ttl 1h', note: 'a login role' },
  ],
  subcommands: {
    list: {
      name: 'role list',
      summary: 'list sets of policies, or login roles',
      options: { login: LOGIN, mount: MOUNT },
      examples: [
        { command: 'coffer role list', note: '' },
        { command: 'coffer role list --login', note: '' },
      ],
    },
    put: {
      name: 'role put',
      summary: 'make or replace a set of policies',
      arguments: [NAME],
      options: {
        policy: { type: 'string', value: 'NAME', multiple: true, summary: 'a policy' },
      },
      examples: [{ command: 'coffer role put deployer --policy ci', note: '' }],
    },
    create: {
      name: 'role create',
      summary: 'make a login role with its first secret id',
      description: [
        'The secret id is shown once. A machine logs in with both: `coffer login --role-id ID`.',
      ],
      arguments: [NAME],
      options: {
        policy: {
          type: 'string',
          value: 'NAME',
          multiple: true,
          summary: 'a policy of its tokens; admin is built in',
        },
        actor: {
          type: 'string',
          value: 'ACTOR',
          summary: 'its tokens stand for this actor',
          default: 'approle:NAME',
        },
        ttl: { ...TIME, summary: 'how long its tokens are good', default: '32d' },
        'max-ttl': { ...TIME, summary: 'renewals of its tokens never pass this' },
        uses: { type: 'integer', value: 'N', summary: 'how often a token can be used' },
        cidr: { ...BLOCK, summary: 'its tokens only from these addresses' },
        'secret-id-ttl': { ...TIME, summary: 'how long secret ids are good', default: 'for ever' },
        'secret-id-uses': {
          type: 'integer',
          value: 'N',
          summary: 'how often a secret id can be used',
          default: 'no limit',
        },
        'secret-id-cidr': { ...BLOCK, summary: 'logins only from these addresses' },
        mount: MOUNT,
      },
      examples: [
        { command: 'coffer role create web --policy shop --ttl 1h --json', note: '' },
        { command: 'coffer role create once --policy shop --secret-id-uses 1', note: '' },
      ],
    },
    'secret-id': {
      name: 'role secret-id',
      summary: 'make one more secret id of a login role',
      arguments: [NAME],
      options: {
        ttl: { ...TIME, summary: 'how long it is good', default: 'as the role says' },
        uses: { type: 'integer', value: 'N', summary: 'how often', default: 'as the role says' },
        cidr: { ...BLOCK, summary: 'only from these addresses' },
        mount: MOUNT,
      },
      examples: [{ command: 'coffer role secret-id web --uses 1', note: '' }],
    },
    delete: {
      name: 'role delete',
      summary: 'remove a set of policies, or a login role',
      arguments: [NAME],
      options: { login: LOGIN, mount: MOUNT, yes: YES },
      examples: [
        { command: 'coffer role delete deployer --yes', note: '' },
        { command: 'coffer role delete web --login --yes', note: 'with its secret ids' },
      ],
    },
  },
})
