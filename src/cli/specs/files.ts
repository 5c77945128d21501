import { defineCommand } from '../spec.ts'

export const importSpec = defineCommand({
  name: 'import',
  summary: 'store the values of a dotenv, JSON or YAML file',
  description: [
    'All or nothing. A variable DB_URL is stored at PREFIX/db-url and keeps its name, so `coffer run` sets DB_URL again; nested JSON and YAML become paths. Values are stored as written: ${…} is not expanded, and is reported.',
    'Nothing is silently lost: lines that are no assignment, names given twice, two names with one path and lines that other readers understand differently are errors with their line numbers.',
  ],
  arguments: [{ name: 'file', summary: 'the file; - is stdin', complete: 'file' }],
  options: {
    prefix: { type: 'string', value: 'PATH', summary: 'where they are stored (required)' },
    format: {
      type: 'string',
      value: 'FORMAT',
      choices: ['dotenv', 'json', 'yaml'],
      summary: 'dotenv, json or yaml',
      default: "by the file's name",
    },
    'dry-run': { type: 'boolean', summary: 'show what would be stored where; store nothing' },
    overwrite: { type: 'boolean', summary: 'write a new version where a secret exists' },
    'skip-existing': { type: 'boolean', summary: 'leave out what exists' },
    'infer-types': { type: 'boolean', summary: 'type url and connectionString where certain' },
  },
  examples: [
    { command: 'coffer import .env --prefix shop/dev/api', note: 'then delete the file' },
    { command: 'coffer import secrets.yaml --prefix shop/dev --dry-run', note: 'look first' },
  ],
})

export const exportSpec = defineCommand({
  name: 'export',
  summary: 'write the values below a path to a file or stdout',
  description: [
    'Every value is read, and audited, as by `get`. Not printed to a terminal without --force. A value that the format cannot carry exactly is an error, and then nothing is written.',
  ],
  arguments: [{ name: 'prefix', summary: 'everything below this path' }],
  options: {
    format: {
      type: 'string',
      value: 'FORMAT',
      choices: ['dotenv', 'json', 'yaml', 'shell'],
      summary: 'dotenv, json, yaml or shell',
      default: 'dotenv',
    },
    out: { type: 'string', value: 'FILE', complete: 'file', summary: 'write a file of mode 0600' },
    force: { type: 'boolean', summary: 'print values to a terminal' },
  },
  examples: [
    {
      command: 'coffer export shop/dev/api --out .env.local',
      note: 'for a tool that needs a file',
    },
    { command: 'coffer export shop/dev --format json | jq keys', note: 'for a program' },
  ],
})
