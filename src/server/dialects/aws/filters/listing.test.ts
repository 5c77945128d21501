import type { ListSecretsCommandInput } from '@aws-sdk/client-secrets-manager'
import { paginateListSecrets } from '@aws-sdk/client-secrets-manager'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CofferError } from '../../../../core/errors.ts'
import type { ListQuery } from '../../../../core/ports/coffer.ts'
import type { Call } from '../call.ts'
import { tokenOf } from '../page-token.ts'
import { SORTED_PAGES_MAX, listPage } from './list-page.ts'
import type { TestAws } from '../test-aws.ts'
import { expectFault, failureOf, startTestAws } from '../test-aws.ts'

let aws: TestAws
let client: TestAws['client']
beforeAll(async () => {
  aws = await startTestAws()
  client = aws.client
  for (const secret of SECRETS) {
    aws.advance(1_000)
    await client.createSecret({ SecretString: 'v', ...secret })
  }
})
afterAll(() => aws.close())

const SECRETS = [
  { Name: 'zoo/One', Description: 'one two', Tags: [{ Key: 'team', Value: 'blue' }] },
  { Name: 'app/AppBeta', Description: 'One and two', Tags: [{ Key: 'Team', Value: 'red' }] },
  { Name: 'uat/COMPANY/x', Description: 'one' },
  { Name: 'uat/COMPANYthings/x', Description: 'unrelated' },
]

const names = async (input: ListSecretsCommandInput = {}) =>
  (await client.listSecrets(input)).SecretList?.map((secret) => secret.Name)

const found = (
  Key: 'all' | 'name' | 'description' | 'tag-key' | 'tag-value',
  ...Values: string[]
) => names({ Filters: [{ Key, Values }] })

const [ZOO, APP, COMPANY, THINGS] = SECRETS.map(({ Name }) => Name)

describe('filters', () => {
  it('names, tag keys and tag values begin with the value, case included', async () => {
    expect(await found('name', 'uat/')).toEqual([COMPANY, THINGS])
    expect(await found('name', 'UAT')).toEqual([])
    expect(await found('name', 'zoo', 'app')).toEqual([ZOO, APP])
    expect(await found('tag-key', 'team')).toEqual([ZOO])
    expect(await found('tag-value', 're')).toEqual([APP])
  })

  it('descriptions have every word of the value, in any case, from the beginning of a word', async () => {
    expect(await found('description', 'one TWO')).toEqual([ZOO, APP])
    expect(await found('description', 'o t')).toEqual([ZOO, APP])
    expect(await found('description', 'wo')).toEqual([])
  })

  it('all looks everywhere, word by word; words end where the case changes', async () => {
    expect(await found('all', 'Beta')).toEqual([APP])
    expect(await found('all', 'blue')).toEqual([ZOO])
    expect(await found('all', 'company')).toEqual([COMPANY])
    expect(await found('all', 'Ythings')).toEqual([THINGS])
    expect(await found('all', 'things')).toEqual([])
    expect(await found('all', '+')).toEqual([])
  })

  it('several hold together, a value with ! the other way round', async () => {
    const one = { Key: 'description', Values: ['one'] } as const
    const two = { Key: 'description', Values: ['two'] } as const
    expect(
      await names({
        Filters: [
          { ...one, Values: ['one'] },
          { ...two, Values: ['two'] },
        ],
      }),
    ).toEqual([ZOO, APP])
    expect(await found('description', '!one')).toEqual([THINGS])
    expect(await found('name', '!uat', 'uat/COMPANY/')).toEqual([ZOO, APP, COMPANY])
    expect(await names({ Filters: [{ Key: 'owning-service', Values: ['rds'] }] })).toEqual([])
    expect(await names({ Filters: [{ Key: 'primary-region', Values: ['eu'] }] })).toEqual([])
  })

  it('what is no filter is refused in the service’s words', async () => {
    await expectFault(
      client.listSecrets({ Filters: [{ Key: 'invalid' as never, Values: ['x'] }] }),
      'ValidationException',
      "1 validation error detected: Value 'invalid' at 'filters.1.member.key' failed to satisfy constraint: Member must satisfy enum value set: [description, name, tag-key, tag-value, primary-region, owning-service, all]",
    )
    const keyless = await failureOf(client.listSecrets({ Filters: [{ Values: ['x'] }] }))
    expect([keyless.name, keyless.message]).toEqual([
      'InvalidParameterException',
      'Invalid filter key',
    ])
    await expectFault(
      client.listSecrets({ Filters: [{ Key: 'name' }] }),
      'InvalidParameterException',
      'Invalid filter values for key: name',
    )
    await expectFault(
      client.listSecrets({ Filters: [{ Key: 'name', Values: ['a*'] }] }),
      'ValidationException',
      String.raw`1 validation error detected: Value 'a*' at 'filters.1.member.values.1.member' failed to satisfy constraint: Member must satisfy regular expression pattern: ^\!?[a-zA-Z0-9 :_@\/\+\=\.\-\!]*$`,
    )
  })
})

describe('pages', () => {
  it('are by creation, or as asked, whole and without repeats', async () => {
    const input = { client, pageSize: 1 }
    const all: (string | undefined)[] = []
    for await (const page of paginateListSecrets(input, {})) {
      expect(page.SecretList?.length).toBeLessThanOrEqual(1)
      all.push(...(page.SecretList ?? []).map((secret) => secret.Name))
    }
    expect(all).toEqual([ZOO, APP, COMPANY, THINGS])
    expect(await names({ SortOrder: 'desc' })).toEqual([THINGS, COMPANY, APP, ZOO])
    expect(await names({ SortBy: 'name' })).toEqual([APP, COMPANY, THINGS, ZOO])
    aws.advance(1_000)
    await client.updateSecret({ SecretId: APP, Description: 'One and two' })
    expect(await names({ SortBy: 'last-changed-date', SortOrder: 'desc' })).toEqual([
      APP,
      THINGS,
      COMPANY,
      ZOO,
    ])
    const first = await client.listSecrets({ SortBy: 'name', SortOrder: 'desc', MaxResults: 3 })
    expect(first.SecretList?.map((s) => s.Name)).toEqual([ZOO, THINGS, COMPANY])
    const { NextToken } = first
    expect(await names({ SortBy: 'name', SortOrder: 'desc', MaxResults: 3, NextToken })).toEqual([
      APP,
    ])
    await expectFault(
      client.listSecrets({ SortBy: 'created-date', NextToken }),
      'InvalidNextTokenException',
    )
    for (const forged of [
      'x',
      tokenOf({ by: 'name' }),
      tokenOf({ by: 'toString', path: 'a', key: 1 }),
    ]) {
      await expectFault(client.listSecrets({ NextToken: forged }), 'InvalidNextTokenException')
    }
  })

  it('hold what the caller may list, and what is deleted only when it is asked for', async () => {
    await client.createSecret({ Name: 'gone', SecretString: 'v' })
    await client.deleteSecret({ SecretId: 'gone' })
    expect(await names()).not.toContain('gone')
    expect(await names({ IncludePlannedDeletion: true })).toContain('gone')
    await client.deleteSecret({ SecretId: 'gone', ForceDeleteWithoutRecovery: true })
    const key = await aws.keyOf('service:lister', [
      { effect: 'allow', actions: ['list'], paths: ['uat/**'] },
    ])
    const list = await aws.clientWith(key).listSecrets()
    expect(list.SecretList?.map((s) => s.Name)).toEqual([COMPANY, THINGS])
    expect(Object.values(list.SecretList?.[0]?.SecretVersionsToStages ?? {})).toEqual([
      ['AWSCURRENT'],
    ])
  })
})

it('a store of many pages is listed by path, without looking at all of it', async () => {
  const paths = Array.from({ length: 12 }, (_, i) => `p${String(i).padStart(2, '0')}`)
  let calls = 0
  const list = async ({ cursor = '0', limit = 1 }: ListQuery) => {
    calls += 1
    if (Number.isNaN(Number(cursor))) throw new CofferError('invalid_argument', 'No cursor.')
    const at = Number(cursor)
    const items = paths.slice(at, at + Math.min(limit, 1)).map((path) => ({ path, createdAt: 0 }))
    return at + 1 < paths.length ? { items, cursor: String(at + 1) } : { items }
  }
  const call = { coffer: { list } } as unknown as Call
  const listing = { matches: () => true, max: 5, order: 'asc', deleted: false } as const
  const first = await listPage(call, { ...listing, token: undefined })
  expect([first.records.map(({ path }) => path), calls]).toEqual([
    paths.slice(0, 5),
    SORTED_PAGES_MAX + 5,
  ])
  const second = await listPage(call, { ...listing, token: first.token })
  const third = await listPage(call, { ...listing, token: second.token })
  expect([...second.records, ...third.records].map(({ path }) => path)).toEqual(paths.slice(5))
  expect(third.token).toBeUndefined()
  const forged = Buffer.from('{"cursor":"x"}').toString('base64url')
  await expect(listPage(call, { ...listing, token: forged })).rejects.toMatchObject({
    type: 'InvalidNextTokenException',
  })
})

describe('a batch', () => {
  it('answers what it can, and says of each other one why not', async () => {
    await client.createSecret({ Name: 'empty' })
    const key = await aws.keyOf('service:reader', [
      { effect: 'allow', actions: ['read', 'list'], paths: ['uat/**', 'none', 'empty'] },
    ])
    const reader = aws.clientWith(key)
    const SecretIdList = [COMPANY ?? '', APP ?? '', 'none', 'empty']
    const batch = await reader.batchGetSecretValue({ SecretIdList })
    expect(batch.SecretValues?.map((s) => [s.Name, s.SecretString])).toEqual([[COMPANY, 'v']])
    expect(batch.Errors?.map((error) => [error.SecretId, error.ErrorCode])).toEqual([
      [APP, 'AccessDeniedException'],
      ['none', 'ResourceNotFoundException'],
      ['empty', 'ResourceNotFoundException'],
    ])
    const filtered = await reader.batchGetSecretValue({
      Filters: [{ Key: 'name', Values: ['uat/'] }],
      MaxResults: 1,
    })
    expect(filtered.SecretValues?.map((s) => s.Name)).toEqual([COMPANY])
    const { NextToken } = filtered
    const rest = await reader.batchGetSecretValue({
      Filters: [{ Key: 'name', Values: ['uat/'] }],
      NextToken,
    })
    expect(rest.SecretValues?.map((s) => s.Name)).toEqual([THINGS])
    for (const input of [{}, { SecretIdList, Filters: [] }, { SecretIdList, MaxResults: 2 }]) {
      await expectFault(reader.batchGetSecretValue(input), 'InvalidParameterException')
    }
  })
})
