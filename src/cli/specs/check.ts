import { FORMATS } from '../report/registry.ts'
import { defineCommand } from '../spec.ts'

export const check = defineCommand({
  name: 'check',
  summary: 'check that an environment has all that the project needs, before a deploy',
  description: [
    'With a manifest (coffer.yaml with `environments`): every declared secret of the environment exists, is usable, has its type, can be read by the workloads that use it, is neither expired nor overdue for rotation; nothing sensitive stands in plaintext in config/ and coffer.yaml; the code refers to nothing that is not declared. All findings are told at once, names and places, never values. docs/check.md lists them.',
    'Without one it resolves each reference of the project, or each secret below --prefix, as `coffer run` would.',
    'Exit code 0: nothing was found. 1: findings. Any other (66, 69, 75, 77, 78): a store or provider could not be asked, so that not everything was checked.',
    'In GitHub Actions the table comes with annotations. --out writes a report to a file, in the form of --format or of its name (.sarif, .xml, .json, .md).',
  ],
  options: {
    prefix: { type: 'string', value: 'PATH', summary: 'every secret below this path' },
    env: {
      type: 'string',
      value: 'NAME',
      multiple: true,
      summary: 'the environment of the project; may be given many times',
      default: 'COFFER_ENV, coffer.yaml, NODE_ENV, dev',
    },
    'all-envs': { type: 'boolean', summary: 'every environment of the manifest' },
    'expires-within': {
      type: 'string',
      value: '30d',
      summary: 'warn of what expires so soon',
      default: '14d',
    },
    'without-values': {
      type: 'boolean',
      summary: 'read no value: judge by what may be listed',
    },
    static: { type: 'boolean', summary: 'ask no store: look at files and references only' },
    format: {
      type: 'string',
      value: 'FORMAT',
      choices: FORMATS,
      summary: 'what the report looks like',
      default: 'table',
    },
    out: {
      type: 'string',
      value: '[FORMAT=]FILE',
      multiple: true,
      complete: 'file',
      summary: 'write the report to a file; the table is still shown',
    },
    'warnings-as-errors': { type: 'boolean', summary: 'fail when there are warnings' },
    'max-warnings': { type: 'integer', value: 'N', summary: 'fail when there are more warnings' },
  },
  examples: [
    { command: 'coffer check --env prod', note: 'before a deploy' },
    { command: 'coffer check --all-envs --out coffer.sarif', note: 'for code scanning' },
    { command: 'coffer check --env prod --format junit --out report.xml', note: 'for a pipeline' },
    { command: 'coffer check --static', note: 'without a store, for a pull request' },
    { command: 'coffer check --prefix shop/dev/api', note: 'without a project' },
  ],
})
