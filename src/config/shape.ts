import { CofferError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import type { EnvRef } from './env-ref.ts'
import { nodeKind } from './node.ts'
import { frozenObject } from './plan.ts'
import type { Build, Place, Plan } from './plan.ts'
import type { SecretRef } from './secret-ref.ts'
import { isSchema } from './standard-schema.ts'

/**
 * Takes a shape apart. Plain objects and arrays are copied; everything else that is not marked
 * passes through as it is.
 * @throws CofferError `invalid_config`: a schema or `secret()` without a source, a shape that is
 * too deep, refers to itself, or has too many places
 */
export function compileShape(shape: object): Plan {
  const places: Place[] = []
  const build = compile(shape, [], places)
  return { places, build }
}

function compile(shape: unknown, path: readonly string[], places: Place[]): Build {
  const name = path.join('.')
  switch (nodeKind(shape)) {
    case 'secretRef': {
      const { reference, schema, isOptional } = shape as SecretRef<unknown, boolean>
      return place({ kind: 'secret', name, path, reference, schema, optional: isOptional }, places)
    }
    case 'env': {
      const { name: variable, schema } = shape as EnvRef<unknown>
      return place({ kind: 'env', name, path, variable, schema }, places)
    }
    case 'secretField':
      throw refuse(name, 'secret() belongs in the shape of a document; write a secretRef here.')
    case 'config':
      throw refuse(name, 'a configuration cannot hold another one.')
    case undefined:
      break
  }
  if (isSchema(shape)) {
    throw refuse(name, 'a schema alone has no source; write env(name, schema) or a secretRef.')
  }
  if (!isTree(shape)) return () => shape
  if (path.length >= LIMITS.documentDepthMax) {
    throw refuse(name, `a configuration is at most ${LIMITS.documentDepthMax} levels deep.`)
  }
  const parts = Object.entries(shape).map(
    ([key, value]) => [key, compile(value, [...path, key], places)] as const,
  )
  return Array.isArray(shape)
    ? (values) => Object.freeze(parts.map(([, build]) => build(values)))
    : (values) => frozenObject(parts.map(([key, build]) => [key, build(values)] as const))
}

/** Adds a place and returns what reads its value. */
export function place(made: Place, places: Place[]): Build {
  if (places.length >= LIMITS.configFieldsMax) {
    throw refuse(made.name, `a configuration has at most ${LIMITS.configFieldsMax} of them.`)
  }
  const index = places.push(made) - 1
  return (values) => values[index]
}

function isTree(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return true
  const proto: unknown = Object.getPrototypeOf(value)
  return proto === Object.prototype || proto === null
}

const refuse = (name: string, why: string) =>
  new CofferError('invalid_config', `${name === '' ? 'The configuration' : name}: ${why}`)
