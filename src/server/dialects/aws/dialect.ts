import type { Dialect } from '../../dialect.ts'

export const aws: Dialect = {
  prefix: '',
  via: 'aws',
  register() {},
}
