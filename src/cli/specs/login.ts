import { defineCommand } from '../spec.ts'

export const login = defineCommand({
  name: 'login',
  summary: 'get a token of a server and keep it for later commands',
  description: [
    'The token is kept in a file that only you can read, for this address. COFFER_TOKEN and COFFER_TOKEN_FILE come before it. Without an option a token is asked for, or read from stdin.',
  ],
  options: {
    'role-id': {
      type: 'string',
      value: 'ID',
      summary: 'log in to a role; its secret id is asked for, or read from stdin',
    },
    'secret-id-file': {
      type: 'string',
      value: 'FILE',
      complete: 'file',
      summary: 'read the secret id from this file',
    },
    'jwt-file': {
      type: 'string',
      value: 'FILE',
      complete: 'file',
      summary: 'log in with the JWT in this file; - is stdin',
    },
    'jwt-from': {
      type: 'string',
      value: 'PLACE',
      choices: ['github'],
      summary: 'log in with the JWT that this job of GitHub Actions is given',
    },
    audience: { type: 'string', value: 'TEXT', summary: 'with --jwt-from: whom the JWT is for' },
    role: { type: 'string', value: 'NAME', summary: 'the role for a JWT' },
    mount: {
      type: 'string',
      value: 'NAME',
      summary: 'which of several sets of roles',
      default: 'approle, jwt',
    },
  },
  examples: [
    { command: 'coffer login --address https://coffer.example:8200', note: 'asks for a token' },
    { command: 'coffer login --role-id 5f0c --secret-id-file /run/secret-id', note: '' },
    { command: 'coffer login --jwt-file token.jwt --role deploy', note: 'from a CI job' },
    {
      command: 'coffer login --jwt-from github --audience coffer --role deploy',
      note: 'in GitHub Actions',
    },
  ],
})

export const logout = defineCommand({
  name: 'logout',
  summary: 'forget the token that `coffer login` kept',
  options: {
    revoke: { type: 'boolean', summary: 'revoke it at the server too' },
  },
  examples: [{ command: 'coffer logout --revoke', note: 'nobody can use it any more' }],
})
