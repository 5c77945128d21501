import { CofferError } from '../../../core/errors.ts'
import type { ProviderRef } from '../../../core/ports/provider.ts'

/** What to ask AWS for. Neither stage nor version: AWSCURRENT. */
export interface Selector {
  readonly id: string
  /** Of an ARN. */
  readonly region?: string | undefined
  readonly stage?: string | undefined
  readonly versionId?: string | undefined
}

/** @returns the error where AWS has no such names */
export function readSelector({ key, label, version }: ProviderRef): Selector | CofferError {
  const arn = ARN.exec(key)
  if (arn === null && !NAME.test(key)) {
    return refuse(
      'A secret of AWS is named by its ARN, or by letters, digits and /_+=.@!-, at most 512.',
    )
  }
  if (version !== undefined) {
    return refuse('AWS does not number versions: give a label, or label id:VERSION-ID.')
  }
  const where = { id: key, region: arn?.[1] }
  if (label === undefined || label === 'current') return where
  if (!label.startsWith('id:')) return { ...where, stage: STAGES.get(label) ?? label }
  const versionId = label.slice('id:'.length)
  if (VERSION_ID.test(versionId)) return { ...where, versionId }
  return refuse('The id of a version at AWS has 32 to 64 letters, digits and -.')
}

const NAME = /^[A-Za-z0-9/_+=.@!-]{1,512}$/
const ARN =
  /^arn:aws[a-z-]{0,16}:secretsmanager:([a-z0-9-]{1,32}):\d{12}:secret:[A-Za-z0-9/_+=.@!-]{1,519}$/
const VERSION_ID = /^[A-Za-z0-9-]{32,64}$/
const STAGES: ReadonlyMap<string, string> = new Map([
  ['previous', 'AWSPREVIOUS'],
  ['pending', 'AWSPENDING'],
])

const refuse = (why: string) => new CofferError('invalid_reference', why)
