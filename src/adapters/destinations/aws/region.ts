import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { CofferError } from '../../../core/errors.ts'
import { LIMITS } from '../../../core/limits.ts'
import { awsFault } from '../../net/aws-fault.ts'
import { understandAnswers } from '../../net/aws-answers.ts'
import { loadPeer } from '../../net/peer.ts'
import { untilOver } from '../../net/until-over.ts'
import { faultOf } from './fault.ts'

export type Sdk = typeof import('@aws-sdk/client-secrets-manager')

/** Secrets Manager in one region of one account. */
export interface Region {
  readonly sdk: Sdk
  /** What names it: the endpoint where it is not AWS's own, the account where it was named, the region. */
  readonly place: readonly string[]
  /** @throws CofferError by what went wrong; the client's own errors of `expected` names as they are */
  call<Out>(
    work: (client: SecretsManagerClient, options: { abortSignal: AbortSignal }) => Promise<Out>,
    signal: AbortSignal,
    expected?: readonly string[],
  ): Promise<Out>
  /** Whether the credentials are known to be of the account that was named, or none was. */
  isAccountKnown(): Promise<boolean>
  /** @throws CofferError `denied` for an ARN of another account than was named */
  checkAccount(arn: string | undefined): void
  close(): void
}

export interface RegionOptions {
  readonly region: string | undefined
  readonly account: string | undefined
}

/** @throws CofferError `missing_dependency`, `invalid_config` without a region, `invalid_argument` */
export async function openRegion(
  env: Readonly<Record<string, string | undefined>>,
  options: RegionOptions,
): Promise<Region> {
  const sdk: Sdk = await loadPeer(PEER, () => import('@aws-sdk/client-secrets-manager'))
  const { account } = options
  const endpoint = [env['AWS_ENDPOINT_URL_SECRETS_MANAGER'], env['AWS_ENDPOINT_URL']].find(isSet)
  const named = [options.region, env['AWS_REGION'], env['AWS_DEFAULT_REGION']].find(isSet)
  const client = new sdk.SecretsManagerClient({
    ...(named === undefined ? {} : { region: named }),
    ...(endpoint === undefined ? {} : { endpoint }),
  })
  understandAnswers(client)
  const region = await client.config.region().catch((error: unknown) => {
    client.destroy()
    throw awsFault(error, { region: '(none)' })
  })
  let known = account === undefined
  const checkAccount = (arn: string | undefined) => {
    const theirs = ARN.exec(arn ?? '')?.[1]
    if (account === undefined || theirs === undefined) return
    if (theirs !== account) throw otherAccount(account, theirs)
    known = true
  }
  return {
    sdk,
    place: [
      ...(endpoint === undefined ? [] : [hostOf(endpoint)]),
      ...(account === undefined ? [] : [account]),
      region,
    ],
    async call(work, signal, expected = []) {
      const late = AbortSignal.timeout(LIMITS.clientTimeoutMs)
      try {
        signal.throwIfAborted()
        const abortSignal = AbortSignal.any([signal, late])
        return await untilOver(work(client, { abortSignal }), abortSignal)
      } catch (error) {
        if (error instanceof Error && expected.includes(error.name)) throw error
        throw faultOf(error, { region, endpoint }, signal, late)
      }
    },
    async isAccountKnown() {
      if (known) return true
      const { accountId } = await client.config.credentials().catch((error: unknown) => {
        throw awsFault(error, { region })
      })
      if (accountId !== undefined) checkAccount(`arn:aws:sts:::${accountId}`)
      return known
    },
    checkAccount,
    close: () => client.destroy(),
  }
}

const isSet = (text: string | undefined) => text !== undefined && text !== ''
const PEER = '@aws-sdk/client-secrets-manager'
const ARN = /^arn:aws[a-z-]*:[a-z]+:[a-z0-9-]*:{1,2}(\d{12})(?::|$)/

function hostOf(endpoint: string): string {
  const url = URL.parse(endpoint)
  if (url !== null && /^https?:$/.test(url.protocol)) {
    return `${url.host}${url.pathname.replace(/\/+$/, '')}`
  }
  throw new CofferError(
    'invalid_argument',
    'The endpoint of the destination aws is no http address.',
  )
}

const otherAccount = (account: string, theirs: string) =>
  new CofferError('denied', `The AWS credentials are of the account ${theirs}, not ${account}.`, {
    remedy: 'Log in to the account that the manifest names, or correct the option account.',
  })
