import { CofferError } from '../../core/errors.ts'
import { DocumentError } from '../document/node.ts'
import type { OptionValue } from './manifest.ts'

/** What `${env}` and `${project}` stand for. */
export interface FillNames {
  readonly env: string
  readonly project?: string | undefined
}

/** The template with its names filled in. @throws CofferError `invalid_config` for other names */
export const fill = (template: string, names: FillNames): string =>
  template.replace(NAMED, (_, name: string) => {
    const value = name === 'env' ? names.env : name === 'project' ? names.project : undefined
    if (value !== undefined) return value
    throw new CofferError('invalid_config', UNKNOWN)
  })

/** All texts of an option, filled in. @throws CofferError `invalid_config` */
export function fillOption(option: OptionValue, names: FillNames): OptionValue {
  if (typeof option === 'string') return fill(option, names)
  if (Array.isArray(option)) return option.map((text: string) => fill(text, names))
  return Object.fromEntries(Object.entries(option).map(([key, text]) => [key, fill(text, names)]))
}

/** The option, when it can be filled. @throws DocumentError */
export function checkFillable<T extends OptionValue>(option: T, at: string | undefined): T {
  try {
    fillOption(option, { env: 'env', project: 'project' })
    return option
  } catch (error) {
    if (!(error instanceof CofferError)) throw error
    throw new DocumentError('invalid_config', 'It knows ${env} and ${project}, and no other.', at)
  }
}

const NAMED = /\$\{([^}]*)\}/g
const UNKNOWN = 'A prefix knows ${env}, and ${project} where it is set.'
