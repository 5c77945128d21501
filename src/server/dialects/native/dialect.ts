import type { Dialect } from '../../dialect.ts'

export const native: Dialect = {
  prefix: '/api/v1',
  via: 'http',
  register() {},
}
