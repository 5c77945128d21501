import type { ApplyOptions, SyncReport, SyncResult } from '../../compose/sync.ts'
import { describeError, ERRORS } from '../../core/errors.ts'
import { many } from '../report/reporter.ts'
import type { Session } from '../session.ts'
import type { Syncing } from './open.ts'
import { exitOfError } from './planned.ts'
import type { Planned } from './planned.ts'

/** What came of one place. */
export interface Run {
  readonly title: string
  readonly report?: SyncReport | undefined
  /** What kept it from beginning, or from its end. */
  readonly error?: unknown
}

/** One place after the other; one that fails stops no other. */
export async function applyAll(
  { world }: Syncing,
  planned: readonly Planned[],
  options: ApplyOptions,
): Promise<readonly Run[]> {
  const { applySync, isChange } = await import('../../compose/sync.ts')
  const runs: Run[] = []
  const total = planned.flatMap(({ plan }) => plan?.items.filter(isChange) ?? []).length
  let before = 0
  for (const { title, target, plan, error } of planned) {
    if (target === undefined || plan === undefined) {
      runs.push({ title, error })
      continue
    }
    try {
      const progress = (done: number) => options.progress?.(before + done, total)
      const report = await applySync(plan, target, world, { ...options, progress })
      before += plan.items.filter(isChange).length
      runs.push({ title, report, error: report.error })
    } catch (failure) {
      runs.push({ title, error: failure })
    }
  }
  return runs
}

/** What `--json` prints. */
export const runDocument = (runs: readonly Run[]) =>
  runs.map(({ title, report, error }) => ({
    destination: title,
    ...(report === undefined ? {} : { items: report.results.map(resultDocument) }),
    ...(error === undefined ? {} : { error: describeError(error) }),
  }))

const resultDocument = ({ item, outcome, error }: SyncResult) => ({
  ...item,
  outcome,
  ...(error === undefined ? {} : { error: describeError(error) }),
})

/** Only what went wrong, and how much went well: the plan stands above it. */
export async function showRuns(
  session: Session,
  runs: readonly Run[],
  isDue: boolean,
): Promise<void> {
  const wrong = runs.flatMap(({ title, report }) =>
    (report?.results ?? []).filter(isWrong).map((result) => ({ title, ...result })),
  )
  await session.out.table(wrong, [
    { title: 'DESTINATION', cell: ({ title }) => title },
    { title: 'NAME', cell: ({ item }) => item.name },
    { title: 'OUTCOME', cell: ({ outcome }) => outcome, style: () => 'red' },
    {
      title: 'WHY',
      cell: ({ error }) => (error === undefined ? '' : describeError(error).message),
    },
  ])
  for (const { title, error } of runs) {
    if (error !== undefined) session.out.warn(`${title}: ${describeError(error).message}`)
  }
  const errors = [...wrong, ...runs].flatMap(({ error }) => (error === undefined ? [] : [error]))
  for (const remedy of new Set(errors.map((error) => describeError(error).remedy))) {
    session.out.note(`try: ${remedy}`)
  }
  const done = countOf(runs, 'done')
  const refused = countOf(runs, 'refused')
  const refusals = refused === 0 ? '' : ` ${refused} refused.`
  const all = done + wrong.length
  if (isDue && all > 0) session.out.note(`${done} of ${many(all, 'change')} made.${refusals}`)
  else if (isDue && errors.length === 0) {
    session.out.note(`What was to follow the last delivery is done.${refusals}`)
  } else if (isDue || refused > 0) session.out.note(`Nothing was delivered.${refusals}`)
  else if (errors.length === 0) session.out.note('Nothing is to be delivered.')
}

/** 0; 75 when another run may finish it; 1 when somebody has to look; else the first error's. */
export function exitOfRuns(runs: readonly Run[]): number {
  if (runs.some(({ report }) => report?.results.some(isWrong))) return ERRORS.conflict.exit
  const broken = runs.find(({ error }) => error !== undefined)
  if (broken !== undefined) return exitOfError(broken.error)
  return countOf(runs, 'refused') > 0 ? ERRORS.check_failed.exit : 0
}

const countOf = (runs: readonly Run[], outcome: SyncResult['outcome']): number =>
  runs.flatMap(({ report }) => report?.results ?? []).filter((one) => one.outcome === outcome)
    .length

/** Nobody knows it to be there now, and another run may mend that. */
export const isWrong = ({ outcome }: SyncResult): boolean =>
  outcome === 'failed' || outcome === 'unknown' || outcome === 'skipped'
