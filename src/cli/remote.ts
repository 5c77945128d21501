import type { ConnectedCoffer } from '../client/connect.ts'
import { CofferError } from '../core/errors.ts'
import type { Globals } from './globals.ts'
import { usage } from './parse.ts'
import type { World } from './world.ts'

/** A server and how it is reached: plain data, which the keeper of `run --files` is told too. */
export interface ServerPlace {
  readonly address: string
  readonly caFile?: string | undefined
  readonly allowHttp?: boolean | undefined
  readonly token?: string | undefined
  /** Read again when the server refuses what it held. */
  readonly tokenFile?: string | undefined
  /** The file that `coffer login` wrote: nobody else may read it. */
  readonly login?: string | undefined
}

/**
 * The server that a command works at: `--address`, else `COFFER_ADDR` unless a local store is named
 * by `--data-dir`. Undefined: the local store.
 * @throws CofferError `invalid_argument` for options that belong to the other of the two
 */
export function serverAddress(
  world: Pick<World, 'env'>,
  globals: Globals,
): { readonly address: string; readonly asked: boolean } | undefined {
  const { address } = globals
  const { COFFER_ADDR: variable } = world.env
  if (address !== undefined && address !== '') {
    if (globals['data-dir'] === undefined) return { address, asked: true }
    throw usage('--address and --data-dir exclude each other.')
  }
  if (globals['data-dir'] !== undefined || variable === undefined || variable === '') {
    return undefined
  }
  return { address: variable, asked: false }
}

/** Where it is and with which token: `COFFER_TOKEN`, `COFFER_TOKEN_FILE`, or what a login left. */
export async function serverPlace(
  world: World,
  globals: Globals,
  address: string,
): Promise<ServerPlace> {
  refuseLocalOptions(globals)
  const { COFFER_TOKEN: token, COFFER_TOKEN_FILE: tokenFile, COFFER_CACERT: ca } = world.env
  const place = {
    address,
    caFile: globals.ca ?? (ca === '' ? undefined : ca),
    allowHttp: world.env.COFFER_ALLOW_HTTP === '1',
  }
  if (token !== undefined && token !== '') return { ...place, token }
  if (tokenFile !== undefined && tokenFile !== '') return { ...place, tokenFile }
  const { loginFile } = await import('../client/kept-login.ts')
  return { ...place, login: loginFile(world.env, address) }
}

/** The client for a server. It connects when it is first used. @throws CofferError for the address */
export async function connectTo(place: ServerPlace): Promise<ConnectedCoffer> {
  const { connectCoffer } = await import('../client/connect.ts')
  const { address, caFile, allowHttp } = place
  return connectCoffer({ address, caFile, allowHttp, token: () => tokenOf(place) })
}

/** @throws CofferError `unauthenticated` where there is none */
async function tokenOf({ address, token, tokenFile, login }: ServerPlace): Promise<string> {
  if (token !== undefined) return token
  if (tokenFile !== undefined) {
    const { readFile } = await import('./files.ts')
    return Buffer.from(readFile(tokenFile, 65_536)).toString('utf8')
  }
  const { readLogin } = await import('../client/kept-login.ts')
  const kept = login === undefined ? undefined : await readLogin(login)
  if (kept !== undefined) return kept
  throw new CofferError('unauthenticated', `There is no token for ${originOf(address)}.`, {
    remedy: 'Log in with `coffer login`, or set COFFER_TOKEN or COFFER_TOKEN_FILE.',
  })
}

const originOf = (address: string): string =>
  URL.canParse(address) ? new URL(address).origin : 'this address'

const LOCAL_OPTIONS = ['as', 'key-file', 'passphrase-file', 'audit-dir'] as const

/** At a server the token says who acts, and the server holds the keys. */
function refuseLocalOptions(globals: Globals): void {
  const given = LOCAL_OPTIONS.filter((name) => globals[name] !== undefined)
  const names = [...given, ...(globals['seal-option'].length > 0 ? ['seal-option'] : [])]
  if (names.length === 0) return
  throw usage(
    `--${names[0]} is for a store on this machine, not for a server.`,
    'At a server the token says who acts. For a local store give --data-dir, or unset COFFER_ADDR.',
  )
}

/** For what can only be done where the store is. */
export const atTheStore = (what = 'This'): CofferError =>
  usage(
    `${what} is done where the store is, not at a server.`,
    "Run it on the server's machine with --data-dir DIR, or unset COFFER_ADDR.",
  )
