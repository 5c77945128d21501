import { CURRENT } from '../../../../core/label.ts'
import type { SecretRecord } from '../../../../core/record.ts'
import { listField } from '../fields.ts'
import type { LabelsMeant, VaultContext } from '../route.ts'
import { secretPath } from './place.ts'
import { wantedVersion } from './read.ts'
import { currentNumber, labelsAt, versionsMeant } from './version.ts'

/** What is about no version: a secret's metadata, a list, a version that is not there yet. */
export const ofCurrent: LabelsMeant = async () => [[CURRENT]]

/** The version that a read names. */
export const ofVersionRead: LabelsMeant = (context) =>
  ofVersions(context, (record) => [wantedVersion(context) ?? currentNumber(record)])

/** The version that is `current`, with all of its labels. */
export const ofCurrentVersion: LabelsMeant = (context) =>
  ofVersions(context, (record) => [currentNumber(record)])

/** Those that `versions` of the body names. */
export const ofVersionsNamed: LabelsMeant = (context) =>
  ofVersions(context, (record) => {
    const wanted = new Set((listField(context.body, 'versions') ?? []).map(Number))
    return versionsMeant(record, wanted).slice(0, Math.max(1, record.versions.length))
  })

export const ofEveryVersion: LabelsMeant = (context) =>
  ofVersions(context, ({ versions }) => versions.map(({ number }) => number))

/**
 * Who asks for what is absent or damaged, or asks wrongly, learns so only when a version at `current`
 * would be allowed.
 */
async function ofVersions(
  context: VaultContext,
  numbersOf: (record: SecretRecord) => readonly number[],
): ReturnType<LabelsMeant> {
  try {
    const record = await context.server.gate.platform().peek(secretPath(context) ?? '')
    const numbers = record === undefined ? [] : numbersOf(record)
    return numbers.length === 0 ? [[CURRENT]] : numbers.map((number) => labelsAt(record, number))
  } catch {
    return [[CURRENT]]
  }
}
