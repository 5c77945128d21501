import type { Policy } from './policy.ts'

/**
 * The policies that every store has. They are not stored, cannot be changed, and win over a stored
 * policy of the same name. `admin` names every kind of thing, for `**` alone means secrets.
 */
export const BUILTIN_POLICIES: ReadonlyMap<string, Policy> = new Map(
  [
    {
      name: 'admin',
      description: 'Everything, on everything.',
      rules: [
        {
          effect: 'allow',
          actions: ['*'],
          paths: [
            '**',
            'policy:**',
            'role:**',
            'actor:**',
            'audit:**',
            'store:**',
            'token:**',
            'access-key:**',
            'approle:**',
            'jwt:**',
            'setting:**',
          ],
        },
      ],
    },
    {
      name: 'auditor',
      description: 'Reads and verifies the audit log; sees no secret.',
      rules: [{ effect: 'allow', actions: ['audit'], paths: ['audit:log'] }],
    },
    { name: 'none', description: 'Nothing.', rules: [] },
  ].map((policy) => [policy.name, policy as Policy]),
)

/**
 * What a policy says until one of its name is stored. `default` is what every token of the Vault dialect
 * has unless it says otherwise; nobody has it by itself.
 */
export const INITIAL_POLICIES: ReadonlyMap<string, Policy> = new Map([
  [
    'default',
    {
      name: 'default',
      description: 'What a token may do with itself, in the Vault dialect.',
      combine: 'mostSpecific',
      rules: [],
      hcl: `# What a token may do with itself.
path "auth/token/lookup-self" { capabilities = ["read"] }
path "auth/token/renew-self" { capabilities = ["update"] }
path "auth/token/revoke-self" { capabilities = ["update"] }
path "sys/capabilities-self" { capabilities = ["update"] }
path "sys/internal/ui/resultant-acl" { capabilities = ["read"] }

# Leases, for clients that ask about them.
path "sys/renew" { capabilities = ["update"] }
path "sys/leases/renew" { capabilities = ["update"] }
path "sys/leases/lookup" { capabilities = ["update"] }
`,
    },
  ],
])
