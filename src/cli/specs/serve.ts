import { defineCommand } from '../spec.ts'
import { SEAL_KINDS } from './seal-kinds.ts'

export const serve = defineCommand({
  name: 'serve',
  summary: 'serve the store to other programs, until it is stopped',
  description: [
    'One port for three protocols: the native API under /api/v1, the Vault dialect under /v1, the AWS Secrets Manager dialect at POST /. Where there is no store it makes one, as `coffer init` does, and prints once how to reach it and the first token of its administrator. Logs go to stderr.',
    'HTTPS with a certificate of its own: `coffer ca` prints the authority that clients need. Given files are read again when they change, and on SIGHUP. SIGTERM and SIGINT finish what is under way, for at most 10 s; a second one ends it at once.',
    'Plain HTTP with --http, on loopback only: tokens and values would be readable on any other way. Behind a proxy that ends TLS on the same private network --http-anywhere consents to that.',
    'These have variables of their own: COFFER_LISTEN, COFFER_TLS_CERT, COFFER_TLS_KEY, COFFER_TLS_NAMES, COFFER_WORKERS, COFFER_TRUSTED_PROXIES, COFFER_DISABLE, COFFER_AWS_ACCOUNT_ID, COFFER_AWS_ROTATION_COMMANDS, COFFER_LOG_LEVEL; lists are separated by commas.',
  ],
  atStore: true,
  options: {
    listen: {
      type: 'string',
      value: 'HOST:PORT',
      summary: 'where to listen; port 0 is any',
      default: '127.0.0.1:8200',
    },
    http: { type: 'boolean', summary: 'plain HTTP, on loopback' },
    'http-anywhere': { type: 'boolean', summary: 'plain HTTP on any address: others can read it' },
    'tls-cert': {
      type: 'string',
      value: 'FILE',
      complete: 'file',
      summary: 'certificate chain (PEM), with --tls-key',
      default: "of the store's own authority",
    },
    'tls-key': {
      type: 'string',
      value: 'FILE',
      complete: 'file',
      summary: 'its private key (PEM)',
    },
    'tls-name': {
      type: 'string',
      value: 'NAME',
      multiple: true,
      summary: 'another name or address for the own certificate',
    },
    workers: { type: 'integer', value: 'N', summary: 'processes that serve', default: '1' },
    'trusted-proxy': {
      type: 'string',
      value: 'CIDR',
      multiple: true,
      summary: 'a proxy whose X-Forwarded-For is believed',
      default: 'none',
    },
    disable: {
      type: 'string',
      value: 'PROTOCOL',
      multiple: true,
      choices: ['native', 'aws', 'vault'],
      summary: 'leave out native, aws or vault',
    },
    'aws-account-id': {
      type: 'string',
      value: 'DIGITS',
      summary: 'the account in ARNs, 12 digits',
      default: '000000000000',
    },
    'aws-rotation-command': {
      type: 'string',
      value: 'PROGRAM',
      complete: 'file',
      multiple: true,
      summary: 'a program that may stand for a rotation function',
      default: 'none',
    },
    limit: {
      type: 'string',
      value: 'NAME=RATE',
      multiple: true,
      summary: 'read=100, login=5:20, write=off: a second, and at once',
    },
    'open-metrics': { type: 'boolean', summary: 'GET /metrics without a token' },
    'log-level': {
      type: 'string',
      value: 'LEVEL',
      choices: ['debug', 'info', 'warn', 'error', 'silent'],
      summary: 'the least that is logged',
      default: 'info',
    },
    seal: {
      type: 'string',
      value: 'SEAL',
      words: SEAL_KINDS,
      summary: `of a new store: ${SEAL_KINDS.join(', ')}`,
    },
    admin: { type: 'string', value: 'ACTOR', summary: 'of a new store', default: 'you' },
    yes: { type: 'boolean', short: 'y', summary: 'do not ask' },
  },
  examples: [
    { command: 'coffer serve', note: 'https://127.0.0.1:8200' },
    { command: 'coffer serve --listen 0.0.0.0:8200 --tls-name coffer.internal', note: '' },
    {
      command: 'coffer serve --tls-cert /tls/tls.crt --tls-key /tls/tls.key',
      note: 'read again when they are replaced',
    },
    { command: 'coffer serve --http --json', note: 'one JSON line says where it is' },
  ],
})

export const ca = defineCommand({
  name: 'ca',
  summary: "print the certificate authority of the store's server",
  description: [
    'Clients trust the server by it: COFFER_CACERT, VAULT_CACERT, AWS_CA_BUNDLE, NODE_EXTRA_CA_CERTS. It needs no root key.',
  ],
  atStore: true,
  examples: [
    { command: 'coffer ca > coffer-ca.pem', note: '' },
    { command: 'coffer ca --json', note: 'its file, fingerprint and expiry' },
  ],
})
