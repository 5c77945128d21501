import { CURRENT, PENDING, PREVIOUS } from '../../../../core/label.ts'
import type { SecretRecord } from '../../../../core/record.ts'

/**
 * Staging labels are Coffer's labels. AWS's three have their names in Coffer; a stage whose text is
 * no label, or one of Coffer's own words, is kept as `aws=` and its text in base64url.
 */
export function labelOfStage(stage: string): string {
  const own = LABELS.get(stage)
  if (own !== undefined) return own
  if (PLAIN.test(stage) && !STAGES.has(stage) && !stage.startsWith(ENCODED)) return stage
  return ENCODED + Buffer.from(stage).toString('base64url')
}

export function stageOfLabel(label: string): string {
  const own = STAGES.get(label)
  if (own !== undefined) return own
  return label.startsWith(ENCODED)
    ? Buffer.from(label.slice(ENCODED.length), 'base64url').toString()
    : label
}

/** In AWS's words, sorted. */
export const stagesOfLabels = (labels: readonly string[]): string[] =>
  labels.map(stageOfLabel).toSorted()

export const stagesOf = ({ labels }: SecretRecord, version: number): string[] =>
  stagesOfLabels(Object.keys(labels).filter((label) => labels[label] === version))

/** The number of the version that a stage is attached to. */
export function versionAt({ labels }: SecretRecord, stage: string): number | undefined {
  const label = labelOfStage(stage)
  return Object.hasOwn(labels, label) ? labels[label] : undefined
}

export const AWSCURRENT = 'AWSCURRENT'
export const AWSPENDING = 'AWSPENDING'
const LABELS = new Map([
  [AWSCURRENT, CURRENT],
  ['AWSPREVIOUS', PREVIOUS],
  [AWSPENDING, PENDING],
])
const STAGES = new Map([...LABELS].map(([stage, label]) => [label, stage]))
const ENCODED = 'aws='
const PLAIN = /^[A-Za-z][A-Za-z0-9._:/=+@-]*$/
