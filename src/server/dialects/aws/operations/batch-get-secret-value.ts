import type { ReadAnswer } from '../../../../core/ports/coffer.ts'
import type { Call, Operation } from '../call.ts'
import { faultOf } from '../errors/translate.ts'
import { faults } from '../errors/faults.ts'
import type { Filter } from '../filters/match.ts'
import { matcherOf } from '../filters/match.ts'
import { listPage } from '../filters/list-page.ts'
import { arnOf, principalOf } from '../names/arn.ts'
import { targetOf } from '../names/target.ts'
import type { Target } from '../names/target.ts'
import { Filters, NextToken, SecretId } from '../shapes/members.ts'
import { list, number, struct } from '../shapes/shape.ts'
import { answer, readFault } from './get-secret-value.ts'

interface BatchInput {
  readonly SecretIdList?: readonly string[]
  readonly Filters?: readonly Filter[]
  readonly MaxResults?: number
  readonly NextToken?: string
}

export const batchGetSecretValue: Operation = {
  kind: 'read',
  input: struct({
    SecretIdList: list(SecretId, 1, 20),
    Filters,
    MaxResults: number(1, 20),
    NextToken,
  }),
  async run(call: Call, input: BatchInput) {
    const { SecretIdList: ids, Filters: filters, MaxResults, NextToken: token } = input
    if ((ids === undefined) === (filters === undefined)) {
      throw faults.parameter("Either 'SecretIdList' or 'Filters' must be provided, but not both.")
    }
    if (ids !== undefined) {
      if (MaxResults !== undefined || token !== undefined) {
        throw faults.parameter(
          "'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided.",
        )
      }
      return readAll(call, ids)
    }
    const page = await listPage(call, {
      matches: matcherOf(filters ?? []),
      max: MaxResults ?? 20,
      token,
      order: 'asc',
      deleted: false,
    })
    const found = await readAll(
      call,
      page.records.map((record) => arnOf(call, record)),
    )
    return { ...found, ...(page.token === undefined ? {} : { NextToken: page.token }) }
  },
}

/** In the order asked for; what cannot be had is among the errors, and fails nothing else. */
async function readAll(call: Call, ids: readonly string[]) {
  const asked = [...new Set(ids)].map((id) => ({ id, target: targetIn(call, id) }))
  const known = asked.flatMap(({ target }) => ('path' in target ? [target] : []))
  const answers = await call.coffer.readMany(known.map(({ path }) => ({ path })))
  const byTarget = new Map(known.map((target, i) => [target, answers[i]]))
  const SecretValues: object[] = []
  const Errors: object[] = []
  for (const { id, target } of asked) {
    try {
      if (!('path' in target)) throw target.error
      SecretValues.push(await answerOf(call, target, byTarget.get(target)))
    } catch (error) {
      const principal = principalOf(call, call.session.actor)
      const { type, message } = faultOf(error, {
        operation: 'GetSecretValue',
        principal,
        resource: id,
      })
      Errors.push({ SecretId: id, ErrorCode: type, Message: message })
    }
  }
  return { SecretValues, Errors }
}

async function answerOf(
  call: Call,
  target: Target,
  found: ReadAnswer | undefined,
): Promise<object> {
  if (found !== undefined && 'error' in found) throw await readFault(call, target, {}, found.error)
  return answer(call, target, {}, found?.value)
}

function targetIn(call: Call, id: string): Target | { readonly error: unknown } {
  try {
    return targetOf(id, call)
  } catch (error) {
    return { error }
  }
}
