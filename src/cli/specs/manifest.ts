import { defineCommand } from '../spec.ts'

export const types = defineCommand({
  name: 'types',
  summary: "write the names of the manifest's secrets for TypeScript",
  description: [
    'With the file in the project, secretRef() takes the names that coffer.yaml declares: another one does not compile, and editors complete them. Commit it; `--check` in CI says when it is out of date.',
  ],
  options: {
    out: {
      type: 'string',
      value: 'FILE',
      complete: 'file',
      summary: 'a .d.ts file',
      default: 'coffer-secrets.d.ts beside coffer.yaml',
    },
    check: { type: 'boolean', summary: 'write nothing; exit 1 when the file is not up to date' },
  },
  examples: [
    { command: 'coffer types', note: '' },
    { command: 'coffer types --out src/secrets.d.ts --check', note: 'in CI' },
  ],
})

export const docs = defineCommand({
  name: 'docs',
  summary: 'write documents about the project',
  examples: [{ command: 'coffer docs env --out docs/secrets.md', note: '' }],
  subcommands: {
    env: {
      name: 'docs env',
      summary: 'write the onboarding page: what each environment needs',
      description: [
        'Markdown: the secrets of each environment with their type, owner, rotation, users and destinations, and the commands that set them. No values.',
      ],
      options: {
        env: {
          type: 'string',
          value: 'NAME',
          multiple: true,
          summary: 'an environment; all of the manifest where none is named',
        },
        out: {
          type: 'string',
          value: 'FILE',
          complete: 'file',
          summary: 'a file',
          default: 'stdout',
        },
        check: {
          type: 'boolean',
          summary: 'with --out: write nothing; exit 1 when the file is not up to date',
        },
      },
      examples: [
        { command: 'coffer docs env --env prod', note: 'to read' },
        { command: 'coffer docs env --out docs/secrets.md', note: 'to commit' },
      ],
    },
  },
})
