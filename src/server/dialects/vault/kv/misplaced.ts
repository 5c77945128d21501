import type { VaultHandler, VaultOperation } from '../route.ts'

/**
 * An address of KV 2 without `data/` and the like, as in KV 1: the mistake that people make with
 * `read` and `write`. Command lines show them the warning.
 */
export const misplaced: VaultHandler = ({ operation }) => ({
  status: 404,
  data: null,
  warnings: [
    'Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API ' +
      `endpoints to use. If using the Vault CLI, use 'vault kv ${COMMANDS[operation]}' for this operation.`,
  ],
})

const COMMANDS: Readonly<Record<VaultOperation, string>> = {
  read: 'get',
  list: 'list',
  update: 'put',
  patch: 'patch',
  delete: 'delete',
}
