import { isIP } from 'node:net'
import { isAbsolute } from 'node:path'
import { CofferError } from '../core/errors.ts'
import { isLoopback, listenAddress } from '../server/listen-address.ts'
import type { DialectName, ServerOptions } from '../server/server.ts'
import type { StartOptions, TlsOptions } from '../server/start.ts'
import { usage } from './parse.ts'
import type { OptionsOf } from './spec.ts'
import type { serve } from './specs/serve.ts'
import type { World } from './world.ts'

type Options = OptionsOf<typeof serve>
type Env = World['env']

/** How the server is reached and what it speaks, by options, then by variables, then by default. */
export function serveOptions(
  options: Options,
  env: Env,
  dataDir: string,
): { server: ServerOptions; start: StartOptions; workers: number; logLevel: string } {
  const listen = listenAddress(options.listen ?? variable(env, 'LISTEN') ?? '127.0.0.1:8200')
  const tls = tlsOf(options, env, dataDir)
  if (tls === undefined && !options['http-anywhere'] && !isLoopback(listen.host)) {
    throw usage(
      'Plain HTTP is for loopback: everybody on the way could read tokens and values.',
      'Leave out --http, or consent with --http-anywhere behind a proxy that ends TLS.',
    )
  }
  const disabled = new Set(options.disable.length > 0 ? options.disable : list(env, 'DISABLE'))
  const dialects = DIALECT_NAMES.filter((name) => !disabled.delete(name))
  if (disabled.size > 0) throw usage('--disable takes native, aws or vault.')
  const proxies = options['trusted-proxy']
  const trustedProxies = proxies.length > 0 ? proxies : list(env, 'TRUSTED_PROXIES')
  const accountId = options['aws-account-id'] ?? variable(env, 'AWS_ACCOUNT_ID') ?? '000000000000'
  if (!/^[0-9]{12}$/.test(accountId)) throw usage('--aws-account-id is 12 digits.')
  const programs = options['aws-rotation-command']
  const rotationCommands = programs.length > 0 ? programs : list(env, 'AWS_ROTATION_COMMANDS')
  if (!rotationCommands.every((program) => isAbsolute(program))) {
    throw usage('--aws-rotation-command is the full path of a program.')
  }
  return {
    server: {
      dialects,
      trustedProxies: trustedProxies.map(cidr),
      aws: { accountId, rotationCommands },
    },
    start: { listen, tls },
    workers: workersOf(options.workers, env),
    logLevel: options['log-level'] ?? variable(env, 'LOG_LEVEL') ?? 'info',
  }
}

const DIALECT_NAMES: readonly DialectName[] = ['native', 'aws', 'vault']

function tlsOf(options: Options, env: Env, dataDir: string): TlsOptions | undefined {
  const certFile = options['tls-cert'] ?? variable(env, 'TLS_CERT')
  const keyFile = options['tls-key'] ?? variable(env, 'TLS_KEY')
  const plain = options.http || options['http-anywhere']
  const named = options['tls-name']
  if (plain) {
    if (options['tls-cert'] === undefined && options['tls-key'] === undefined) return undefined
    throw usage('--http and --tls-cert exclude each other.')
  }
  if (certFile !== undefined && keyFile !== undefined) return { certFile, keyFile }
  if (certFile !== undefined || keyFile !== undefined) {
    throw usage('--tls-cert and --tls-key are given together.')
  }
  return { dataDir, names: named.length > 0 ? named : list(env, 'TLS_NAMES') }
}

function workersOf(given: number | undefined, env: Env): number {
  const workers = given ?? Number(variable(env, 'WORKERS') ?? 1)
  if (Number.isInteger(workers) && workers >= 1 && workers <= WORKERS_MAX) return workers
  throw usage(`--workers is a whole number from 1 to ${WORKERS_MAX}.`)
}

const WORKERS_MAX = 256

/** An address, or one with the length of its network. */
function cidr(text: string): string {
  const [address = '', bits, ...more] = text.split('/')
  const family = isIP(address)
  const max = family === 4 ? 32 : 128
  const sound = bits === undefined || (/^[0-9]{1,3}$/.test(bits) && Number(bits) <= max)
  if (family !== 0 && sound && more.length === 0) return text
  throw new CofferError('invalid_argument', 'A trusted proxy is an address or a network.', {
    remedy: 'Write --trusted-proxy as 10.0.0.5 or 10.0.0.0/8.',
  })
}

/** Set and not empty. */
function variable(env: Env, name: string): string | undefined {
  const value = env[`COFFER_${name}`]
  return value === '' ? undefined : value
}

const list = (env: Env, name: string): string[] =>
  (variable(env, name) ?? '')
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
