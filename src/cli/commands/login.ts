import type { Login } from '../../client/credential.ts'
import { issuedJwt } from '../../client/environment.ts'
import { loginFile } from '../../client/kept-login.ts'
import type { Self } from '../../client/operations.ts'
import { closing } from '../../core/closing.ts'
import { CofferError, isCofferError } from '../../core/errors.ts'
import { readFile } from '../files.ts'
import { writeLogin } from '../logins.ts'
import { usage } from '../parse.ts'
import { connectTo } from '../remote.ts'
import type { Session } from '../session.ts'
import type { Handler, OptionsOf } from '../spec.ts'
import type { login } from '../specs/login.ts'
import { shownInstant } from '../time.ts'

type Options = OptionsOf<typeof login>

export const handle: Handler<typeof login> = async ({ options }, session) => {
  const { server } = await session.client()
  const given = await loginOf(options, session)
  const { token, self } =
    given === undefined
      ? await withToken(session)
      : await entered(server.login(given)).catch((error: unknown) => {
          throw 'jwt' in given ? notLetIn(error) : error
        })
  const { address } = (await session.serverPlace())!
  const file = loginFile(session.world.env, address)
  writeLogin(file, token)
  for (const name of ['COFFER_TOKEN', 'COFFER_TOKEN_FILE']) {
    if (session.world.env[name]) session.out.warn(`${name} is set, and comes before this login.`)
  }
  const expiresAt = self.token?.expiresAt
  const expires = expiresAt === undefined ? undefined : new Date(expiresAt).toISOString()
  await session.out.result({ actor: self.actor, expiresAt: expires, file }, () => {
    const until = expiresAt === undefined ? '' : ` until ${shownInstant(expiresAt)}`
    session.out.note(`Logged in as ${self.actor}${until}`)
  })
}

interface LoggedIn {
  readonly token: string
  readonly self: Self
}

const entered = async (
  created: ReturnType<Awaited<ReturnType<Session['client']>>['server']['login']>,
): Promise<LoggedIn> => {
  const { token, record } = await created
  return { token: token.reveal(), self: { actor: record.actor, token: record } }
}

/** A server does not tell a stranger which claim it was. */
function notLetIn(error: unknown): unknown {
  if (!isCofferError(error, 'unauthenticated')) return error
  const remedy =
    'Compare its audience, subject and claims with the role: `coffer jwt list` shows it to an administrator.'
  return new CofferError('unauthenticated', error.message, { remedy })
}

/** A token that somebody has already: kept when the server takes it. */
async function withToken(session: Session): Promise<LoggedIn> {
  const token = await credential(session, 'Token (not shown):')
  const { address, caFile, allowHttp } = (await session.serverPlace())!
  const coffer = await connectTo({ address, caFile, allowHttp, token })
  return { token, self: await closing(coffer, ({ server }) => server.self()) }
}

/** Undefined: with a token. */
async function loginOf(options: Options, session: Session): Promise<Login | undefined> {
  const roleId = options['role-id']
  const jwtFile = options['jwt-file']
  const secretIdFile = options['secret-id-file']
  const mount = options.mount === undefined ? {} : { mount: options.mount }
  const jwtFrom = options['jwt-from']
  if ([roleId, jwtFile, jwtFrom].filter((way) => way !== undefined).length > 1)
    throw usage('--role-id, --jwt-file and --jwt-from exclude each other.')
  if (jwtFrom !== undefined) {
    const jwt = issuedJwt(session.world.env, { jwtFrom, audience: options.audience })
    return { jwt, role: options.role, ...mount }
  }
  if (options.audience !== undefined) throw usage('--audience goes with --jwt-from.')
  if (jwtFile !== undefined)
    return { jwt: await fromFile(session, jwtFile), role: options.role, ...mount }
  if (options.role !== undefined) throw usage('--role goes with --jwt-file or --jwt-from.')
  if (roleId !== undefined) {
    const secretId =
      secretIdFile === undefined
        ? await credential(session, 'Secret id (not shown):')
        : await fromFile(session, secretIdFile)
    return { roleId, secretId, ...mount }
  }
  if (secretIdFile !== undefined || options.mount !== undefined)
    throw usage('--secret-id-file and --mount go with --role-id, --jwt-file or --jwt-from.')
  return undefined
}

const BYTES_MAX = 65_536

/** From a person at the terminal, else from stdin: never from the command line, which others see. */
async function credential({ world }: Session, question: string): Promise<string> {
  if (!world.stdin.isTTY) return text(world.stdin.readAll(BYTES_MAX))
  if (world.prompt === undefined)
    throw usage('There is no terminal to ask on.', 'Give it on stdin.')
  return text(Buffer.from(await world.prompt(question)))
}

const fromFile = async ({ world }: Session, file: string): Promise<string> =>
  text(file === '-' ? world.stdin.readAll(BYTES_MAX) : readFile(file, BYTES_MAX))

function text(bytes: Uint8Array): string {
  const found = Buffer.from(bytes).toString('utf8').trim()
  if (found !== '') return found
  throw new CofferError('invalid_argument', 'The credential is empty.')
}
