import { ACTIONS } from '../../core/policy/policy.ts'
import { defineCommand, type OptionSpec } from '../spec.ts'

const NAME = { name: 'name', summary: 'its name' } as const
const ACTOR = { name: 'actor', summary: 'kind:name, as local:alice or service:ci' } as const
const ACTION = {
  type: 'string',
  value: 'ACTION',
  words: ACTIONS,
  summary: 'what',
  default: 'read',
} as const satisfies OptionSpec
const YES = { type: 'boolean', short: 'y', summary: 'do not ask' } as const satisfies OptionSpec
const DESTINATION = {
  type: 'string',
  value: 'ID',
  summary: 'of deliver: where to, as vercel:prj_1/production',
} as const satisfies OptionSpec
const GRANTS = {
  policy: { type: 'string', value: 'NAME', multiple: true, summary: 'a policy' },
  role: { type: 'string', value: 'NAME', multiple: true, summary: 'a role' },
} as const satisfies Record<string, OptionSpec>

export const policy = defineCommand({
  name: 'policy',
  summary: 'who may do what',
  description: [
    'A policy is a JSON document: {"name":"ci","rules":[{"effect":"allow","actions":["list","read"],"paths":["shop/*/api/**"]}]}. Nothing is allowed that no rule allows, and a deny rule wins. Actions: read, describe, list, write, label, update, delete, undelete, destroy, rotate, deliver, audit, backup, admin, or *. Values are delivered only where a rule names the destination: "actions":["deliver"] with "conditions":{"destinations":["vercel:prj_1/*"]}.',
  ],
  examples: [
    { command: 'coffer policy put ci.json', note: 'make or replace' },
    {
      command: 'coffer policy test --actor service:ci --action read shop/dev/api/db-url',
      note: 'and why',
    },
  ],
  subcommands: {
    list: {
      name: 'policy list',
      summary: 'list policies',
      examples: [{ command: 'coffer policy list', note: '' }],
    },
    show: {
      name: 'policy show',
      summary: 'print a policy as JSON',
      arguments: [NAME],
      examples: [{ command: 'coffer policy show ci > ci.json', note: '' }],
    },
    put: {
      name: 'policy put',
      summary: 'make or replace a policy',
      arguments: [
        {
          name: 'file',
          summary: "JSON or YAML, or NAME.hcl in Vault's language; - is stdin",
          complete: 'file',
        },
      ],
      examples: [
        { command: 'coffer policy put ci.json', note: '' },
        { command: 'coffer policy put app.hcl', note: 'the policy app, as Vault clients write it' },
      ],
    },
    workloads: {
      name: 'policy workloads',
      summary: 'let each workload of the manifest read the secrets that it uses',
      description: [
        'For each environment and workload a policy with one rule: read, and the paths of the secrets that name it in `usedBy`. It is given to the actor of the workload, beside what that has. Shows what is missing, and what is no longer used, first, and asks.',
      ],
      options: {
        env: {
          type: 'string',
          value: 'NAME',
          multiple: true,
          summary: 'an environment; all of the manifest where none is named',
        },
        yes: YES,
      },
      examples: [
        { command: 'coffer policy workloads --env prod', note: '' },
        { command: 'coffer policy workloads --yes', note: 'all environments, without asking' },
      ],
    },
    delete: {
      name: 'policy delete',
      summary: 'remove a policy',
      arguments: [NAME],
      options: { yes: YES },
      examples: [{ command: 'coffer policy delete ci --yes', note: '' }],
    },
    test: {
      name: 'policy test',
      summary: 'would it be allowed, and which rule says so',
      description: ['Exit code 0 when it would be allowed, 77 when not.'],
      arguments: [{ name: 'path', summary: 'a secret, or policy:NAME, audit:log …' }],
      options: {
        actor: { type: 'string', value: 'ACTOR', summary: 'who', default: 'you' },
        action: ACTION,
        label: { type: 'string', value: 'LABEL', summary: 'of a read: which label' },
        destination: DESTINATION,
        at: { type: 'string', value: 'TIME', summary: 'when', default: 'now' },
      },
      examples: [
        {
          command: 'coffer policy test --actor service:ci --action read shop/dev/api/db-url',
          note: '',
        },
        {
          command:
            'coffer policy test --action deliver --destination vercel:prj_1/production shop/prod/api/key',
          note: 'may it be sent there?',
        },
      ],
    },
    who: {
      name: 'policy who',
      summary: 'every actor that may do it, and by which rule',
      arguments: [{ name: 'path', summary: 'a secret' }],
      options: {
        action: ACTION,
        destination: DESTINATION,
        all: { type: 'boolean', summary: 'also those who may not' },
        why: { type: 'boolean', summary: 'every reason, from the actor to the rule' },
      },
      examples: [{ command: 'coffer policy who shop/prod/api/db-url', note: 'who can read this?' }],
    },
  },
})

export const actor = defineCommand({
  name: 'actor',
  summary: 'who is given which policies and roles',
  examples: [{ command: 'coffer actor grant local:bob --policy reader', note: '' }],
  subcommands: {
    list: {
      name: 'actor list',
      summary: 'list actors',
      examples: [{ command: 'coffer actor list', note: '' }],
    },
    grant: {
      name: 'actor grant',
      summary: 'give policies and roles to an actor',
      arguments: [ACTOR],
      options: GRANTS,
      examples: [
        { command: 'coffer actor grant service:ci --policy ci --role deployer', note: '' },
      ],
    },
    revoke: {
      name: 'actor revoke',
      summary: 'take policies and roles from an actor',
      arguments: [ACTOR],
      options: GRANTS,
      examples: [{ command: 'coffer actor revoke service:ci --policy ci', note: '' }],
    },
    delete: {
      name: 'actor delete',
      summary: 'remove an actor with all it was given',
      arguments: [ACTOR],
      options: { yes: YES },
      examples: [{ command: 'coffer actor delete local:bob --yes', note: '' }],
    },
  },
})
