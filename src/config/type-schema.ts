import type { TypeSpec } from '../core/types/spec.ts'
import type { StandardSchema } from './standard-schema.ts'

/** A type of Coffer's own as a schema. */
export const schemaOfType = (spec: TypeSpec): StandardSchema => ({
  '~standard': {
    version: 1,
    vendor: 'coffer',
    async validate(value) {
      const { checkValue } = await import('../core/types/validate.ts')
      const { encodeValue } = await import('../core/value.ts')
      try {
        await checkValue(spec, encodeValue(value as string))
        return { value }
      } catch (error) {
        return { issues: [{ message: (error as Error).message }] }
      }
    },
  },
})
