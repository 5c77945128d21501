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
