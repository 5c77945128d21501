import type { Call, Operation } from '../call.ts'
import type { Filter } from '../filters/match.ts'
import { matcherOf } from '../filters/match.ts'
import { listPage } from '../filters/list-page.ts'
import type { SortKey, SortOrder } from '../filters/order.ts'
import { SORT_KEYS } from '../filters/order.ts'
import { factsOf, stagesByVersion } from '../secret.ts'
import { Filters, Flag, NextToken } from '../shapes/members.ts'
import { number, struct, text } from '../shapes/shape.ts'

interface ListInput {
  readonly IncludePlannedDeletion?: boolean
  readonly MaxResults?: number
  readonly NextToken?: string
  readonly Filters?: readonly Filter[]
  readonly SortOrder?: SortOrder
  readonly SortBy?: SortKey
}

export const listSecrets: Operation = {
  kind: 'list',
  input: struct({
    IncludePlannedDeletion: Flag,
    MaxResults: number(1, 100),
    NextToken,
    Filters,
    SortOrder: text({ oneOf: ['asc', 'desc'] }),
    SortBy: text({ oneOf: SORT_KEYS }),
  }),
  async run(call: Call, input: ListInput) {
    const { records, token } = await listPage(call, {
      matches: matcherOf(input.Filters ?? []),
      max: input.MaxResults ?? 100,
      token: input.NextToken,
      sortBy: input.SortBy,
      order: input.SortOrder ?? 'asc',
      deleted: input.IncludePlannedDeletion === true,
    })
    return {
      SecretList: records.map((record) => ({
        ...factsOf(call, record),
        SecretVersionsToStages: stagesByVersion(record),
      })),
      ...(token === undefined ? {} : { NextToken: token }),
    }
  },
}
