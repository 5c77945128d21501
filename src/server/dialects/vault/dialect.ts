import type { Dialect } from '../../dialect.ts'

export const vault: Dialect = {
  prefix: '/v1',
  via: 'vault',
  register() {},
}
