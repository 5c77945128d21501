import { IN_ENVIRONMENT, PATH } from '../secret-path.ts'
import { defineCommand, type OptionSpec } from '../spec.ts'
import { TYPE_NAMES } from './words.ts'

const METADATA = {
  tag: { type: 'string', value: 'KEY=VALUE', multiple: true, summary: 'a tag; replaces all tags' },
  owner: { type: 'string', value: 'WHO', summary: 'who answers for it' },
  description: { type: 'string', value: 'TEXT', summary: 'what it is for' },
  classification: { type: 'string', value: 'WORD', summary: 'how sensitive it is' },
  type: {
    type: 'string',
    value: 'TYPE',
    words: TYPE_NAMES,
    summary: 'what its values are checked against',
    default: 'string',
  },
  pattern: { type: 'string', value: 'REGEX', summary: 'type: the whole text must match' },
  min: { type: 'number', value: 'N', summary: 'type: least length, or least number' },
  max: { type: 'number', value: 'N', summary: 'type: greatest length, or greatest number' },
  'length-bytes': { type: 'integer', value: 'N', summary: 'type encryptionKey: exact length' },
  schema: { type: 'string', value: 'FILE', complete: 'file', summary: 'type json: a JSON Schema' },
  'rotate-every': {
    type: 'string',
    value: '30d',
    summary: 'due for rotation when older than this',
  },
  automatic: { type: 'boolean', summary: 'with --rotate-every: Coffer may generate the new value' },
  'max-versions': { type: 'integer', value: 'N', summary: 'how many versions are kept' },
  'env-name': { type: 'string', value: 'NAME', summary: 'its variable in `coffer run`' },
} as const satisfies Record<string, OptionSpec>

export const set = defineCommand({
  name: 'set',
  summary: 'store a new version of a secret',
  description: [
    "The value comes from stdin, from --file, or is asked for without echo on a terminal. It is never an argument: arguments are seen by every process of the machine and stay in the shell's history.",
    'One final newline (\\n or \\r\\n) is taken off unless --raw. Input that is not UTF-8 is stored as bytes. An empty value is refused unless --allow-empty.',
  ],
  arguments: [PATH],
  tooMany: {
    message:
      'A value is not taken from the arguments: other processes see them, and the shell keeps them. If it was a real one, rotate it.',
    remedy:
      'Pipe it in (printf %s "$VALUE" | coffer set PATH), use --file FILE, or be asked: coffer set PATH',
  },
  options: {
    file: {
      type: 'string',
      value: 'FILE',
      complete: 'file',
      summary: 'take the value from a file; - is stdin',
    },
    env: {
      type: 'string',
      value: 'NAME',
      summary: 'PATH is a secret of the manifest: where it lies and what it is are said there',
    },
    raw: { type: 'boolean', summary: 'keep a final newline' },
    'allow-empty': { type: 'boolean', summary: 'store an empty value' },
    generate: { type: 'boolean', summary: 'let Coffer generate the value by its type' },
    length: { type: 'integer', value: 'N', summary: 'with --generate: how long' },
    ...METADATA,
    expires: { type: 'string', value: '30d|TIME', summary: 'when this version expires' },
    'not-before': { type: 'string', value: '1h|TIME', summary: 'from when this version is valid' },
    label: {
      type: 'string',
      value: 'LABEL',
      multiple: true,
      summary: 'labels of the new version',
      default: 'current',
    },
    'if-version': {
      type: 'integer',
      value: 'N',
      summary: 'only when current is this version; 0: only when there is none',
    },
    token: {
      type: 'string',
      value: 'TOKEN',
      summary: 'idempotency token: repeating the call writes once',
    },
  },
  examples: [
    { command: 'coffer set shop/dev/api/db-url', note: 'asks, without echo' },
    { command: 'coffer set api/stripe-key --env prod', note: 'as coffer.yaml declares it' },
    { command: 'pass show db | coffer set shop/dev/api/db-url', note: 'from another program' },
    {
      command: 'coffer set shop/dev/api/tls-key --file key.pem --type privateKey',
      note: 'from a file',
    },
    {
      command: 'coffer set shop/dev/api/session --type password --generate',
      note: 'a new password',
    },
  ],
})

export const get = defineCommand({
  name: 'get',
  summary: 'print the value of a secret',
  description: [
    'Writes exactly the value to stdout. Only when stdout is a terminal, a newline follows it. Values that a terminal would act on (bytes, control characters) are not printed to one without --raw.',
  ],
  arguments: [PATH],
  options: {
    ...IN_ENVIRONMENT,
    version: { type: 'integer', value: 'N', summary: 'this version' },
    label: {
      type: 'string',
      value: 'LABEL',
      summary: 'the version with this label',
      default: 'current',
    },
    field: {
      type: 'string',
      value: 'A.B',
      summary: 'one member of a JSON value; /a/b works as well',
    },
    raw: { type: 'boolean', short: 'n', summary: 'no newline, and bytes to a terminal as well' },
    out: {
      type: 'string',
      value: 'FILE',
      complete: 'file',
      summary: 'write a file of mode 0600 instead',
    },
  },
  examples: [
    { command: 'coffer get shop/dev/api/db-url', note: 'the current version' },
    { command: 'coffer get api/stripe-key --env prod', note: 'one of the manifest' },
    { command: 'coffer get shop/dev/api/db-url --label previous', note: 'the one before' },
    { command: 'coffer get shop/dev/api/aws --field credentials.id', note: 'a member of JSON' },
    { command: 'coffer get shop/dev/api/tls-key --out key.pem', note: 'to a private file' },
  ],
})

export const list = defineCommand({
  name: 'list',
  summary: 'list secrets, never their values',
  arguments: [{ name: 'prefix', summary: 'only those below this path', optional: true }],
  options: {
    tag: { type: 'string', value: 'KEY[=VALUE]', summary: 'with this tag' },
    owner: { type: 'string', value: 'WHO', summary: 'of this owner' },
    type: { type: 'string', value: 'TYPE', words: TYPE_NAMES, summary: 'of this type' },
    classification: { type: 'string', value: 'WORD', summary: 'of this classification' },
    'older-than': { type: 'string', value: '30d', summary: 'whose current version is older' },
    'expires-within': { type: 'string', value: '7d', summary: 'that expire soon, or have expired' },
    due: { type: 'boolean', summary: 'that are due for rotation' },
    deleted: { type: 'boolean', summary: 'deleted ones as well' },
    limit: { type: 'integer', value: 'N', summary: 'one page of at most so many', default: 'all' },
    cursor: { type: 'string', value: 'CURSOR', summary: 'where the last page ended' },
  },
  examples: [
    { command: 'coffer list shop/dev', note: 'a subtree' },
    { command: 'coffer list --due', note: 'what should be rotated' },
    {
      command: 'coffer list --tag team=payments --expires-within 14d --json',
      note: 'for a program',
    },
  ],
})

export const show = defineCommand({
  name: 'show',
  summary: 'show everything about a secret but its value',
  arguments: [PATH],
  options: IN_ENVIRONMENT,
  examples: [{ command: 'coffer show shop/dev/api/db-url', note: 'type, owner, labels, rotation' }],
})

export const update = defineCommand({
  name: 'update',
  summary: 'change what is known about a secret; its value stays',
  description: [
    'Makes no new version. An empty text (--owner "", --expires "") removes a field. With --env everything that the manifest says of the secret is written, and options on top of it; with --expires or --not-before, --env only names the secret.',
  ],
  arguments: [PATH],
  options: {
    ...IN_ENVIRONMENT,
    ...METADATA,
    'no-tags': { type: 'boolean', summary: 'remove all tags' },
    'no-rotation': { type: 'boolean', summary: 'remove the rotation rule' },
    expires: { type: 'string', value: '30d|TIME', summary: 'when the version expires' },
    'not-before': { type: 'string', value: '1h|TIME', summary: 'from when the version is valid' },
    version: {
      type: 'integer',
      value: 'N',
      summary: 'the version that these two are about',
      default: 'current',
    },
    'if-revision': { type: 'integer', value: 'N', summary: 'only when its revision is this' },
  },
  examples: [
    {
      command: 'coffer update shop/dev/api/db-url --owner team-shop --tag tier=1',
      note: 'who and what',
    },
    { command: 'coffer update api/stripe-key --env prod', note: 'as coffer.yaml says' },
    {
      command: 'coffer update shop/dev/api/session --rotate-every 30d --automatic',
      note: 'a rule',
    },
    { command: 'coffer update shop/dev/api/db-url --expires 90d', note: 'a later end' },
  ],
})
