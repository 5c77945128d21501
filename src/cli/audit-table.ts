import type { AuditEntry } from '../core/ports/coffer.ts'
import type { Column } from './table.ts'
import { shownInstant } from './time.ts'

/** Audit entries for a person. */
export const AUDIT_COLUMNS: readonly Column<AuditEntry>[] = [
  { title: 'SEQ', align: 'right', cell: (entry) => entry.seq },
  { title: 'AT', cell: (entry) => shownInstant(entry.at) },
  { title: 'ACTOR', cell: (entry) => entry.actor },
  { title: 'ACTION', cell: (entry) => entry.action },
  {
    title: 'OUTCOME',
    cell: (entry) => entry.outcome,
    style: (entry) =>
      entry.outcome === 'allowed' ? undefined : entry.outcome === 'denied' ? 'red' : 'yellow',
  },
  { title: 'RESOURCE', cell: (entry) => resourceOf(entry) },
  { title: 'CODE', cell: (entry) => entry.code },
  { title: 'VIA', cell: (entry) => entry.via, style: () => 'dim' },
]

/** One entry on one line, for a log that goes on. */
export const auditLine = (entry: AuditEntry): string =>
  [
    shownInstant(entry.at),
    entry.actor,
    entry.action,
    entry.outcome,
    resourceOf(entry),
    entry.code,
    entry.reason,
  ]
    .filter((part) => part !== undefined && part !== '')
    .join('  ')

const resourceOf = ({ resource, version, label, destination }: AuditEntry): string =>
  [
    resource,
    version === undefined ? undefined : `v${version}`,
    label === undefined ? undefined : `(${label})`,
    destination === undefined ? undefined : `→ ${destination}`,
  ]
    .filter((part) => part !== undefined)
    .join(' ')
