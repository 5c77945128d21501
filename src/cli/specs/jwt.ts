import { defineCommand, type OptionSpec } from '../spec.ts'

const YES = { type: 'boolean', short: 'y', summary: 'do not ask' } as const satisfies OptionSpec
const MOUNT = { name: 'mount', summary: 'what this issuer is called here: github, gitlab' } as const
const ROLE = { name: 'role', summary: 'the name of a role' } as const
const TEXTS = { type: 'string', multiple: true } as const

export const jwt = defineCommand({
  name: 'jwt',
  summary: 'log in with JWTs of CI systems and platforms',
  description: [
    'An issuer says whose signatures are believed. A role says what the claims of a JWT must be, and what its token may do.',
  ],
  examples: [
    {
      command:
        'coffer jwt put github --discovery-url https://token.actions.githubusercontent.com --default-role deploy',
      note: 'trust GitHub Actions',
    },
    {
      command:
        'coffer jwt role github deploy --audience https://coffer.example --claim repository=shop/api --policy ci --ttl 15m',
      note: 'one repository',
    },
  ],
  subcommands: {
    list: {
      name: 'jwt list',
      summary: 'list issuers with their roles',
      examples: [{ command: 'coffer jwt list', note: '' }],
    },
    put: {
      name: 'jwt put',
      summary: 'make or replace an issuer',
      description: ['Exactly one of --discovery-url, --jwks-url and --public-key.'],
      arguments: [MOUNT],
      options: {
        'discovery-url': { type: 'string', value: 'URL', summary: 'of an OpenID provider' },
        'jwks-url': { type: 'string', value: 'URL', summary: 'of a set of keys' },
        'public-key': { ...TEXTS, value: 'FILE', complete: 'file', summary: 'a key as PEM' },
        'issuer-ca': {
          type: 'string',
          value: 'FILE',
          complete: 'file',
          summary: 'PEM of the authority that the URL is checked with',
        },
        issuer: { type: 'string', value: 'TEXT', summary: 'what the claim iss must be' },
        algorithm: { ...TEXTS, value: 'NAME', summary: 'a signature that is taken: RS256' },
        'default-role': { type: 'string', value: 'NAME', summary: 'where a login names none' },
      },
      examples: [
        {
          command: 'coffer jwt put gitlab --discovery-url https://gitlab.example',
          note: '',
        },
      ],
    },
    delete: {
      name: 'jwt delete',
      summary: 'trust an issuer no more, or remove one of its roles',
      arguments: [MOUNT, { ...ROLE, optional: true }],
      options: { yes: YES },
      examples: [
        { command: 'coffer jwt delete github --yes', note: '' },
        { command: 'coffer jwt delete github deploy --yes', note: 'only this role' },
      ],
    },
    role: {
      name: 'jwt role',
      summary: 'make or change a role of an issuer',
      description: ['What is not said stays as it is. Something must be bound.'],
      arguments: [MOUNT, ROLE],
      options: {
        audience: { ...TEXTS, value: 'TEXT', summary: 'what aud must have one of' },
        subject: { type: 'string', value: 'TEXT', summary: 'what sub must be' },
        claim: {
          ...TEXTS,
          value: 'NAME=TEXT',
          summary: 'what a claim must be; again for one more value',
        },
        glob: { type: 'boolean', summary: '* in --claim stands for anything' },
        'user-claim': {
          type: 'string',
          value: 'NAME',
          summary: 'the claim that names who it is',
          default: 'sub',
        },
        policy: { ...TEXTS, value: 'NAME', summary: 'a policy of its tokens' },
        actor: { type: 'string', value: 'ACTOR', summary: 'its tokens stand for this actor' },
        ttl: { type: 'string', value: 'TIME', summary: 'how long its tokens are good' },
        'max-ttl': { type: 'string', value: 'TIME', summary: 'renewals never pass this' },
        uses: { type: 'integer', value: 'N', summary: 'how often a token can be used' },
        cidr: { ...TEXTS, value: 'BLOCK', summary: 'only from these addresses' },
      },
      examples: [
        {
          command:
            'coffer jwt role gitlab ci --claim project_path=shop/api --claim ref_protected=true --policy ci',
          note: '',
        },
      ],
    },
  },
})
