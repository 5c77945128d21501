/** What a server says of itself when it is there. */
export interface Started {
  readonly url: string
  /** The file of its certificate authority. */
  readonly ca?: string | undefined
  readonly dataDir: string
  readonly sealed: boolean
  /** Of a store that was just made: shown this once. */
  readonly token?: string | undefined
  /** Of a store that was just made and is sealed by shares: shown this once. */
  readonly shares: readonly string[]
  readonly protocols: readonly string[]
}

/** For a person: where it is, and lines to copy. */
export function bannerOf({ url, ca, dataDir, sealed, token, shares, protocols }: Started): string {
  const reach = (address: string, authority: string) => [
    `  export ${address}=${url}`,
    ...(ca === undefined ? [] : [`  export ${authority}=${quoted(ca)}`]),
  ]
  const credential = (name: string) => (token === undefined ? [] : [`  export ${name}=${token}`])
  const lines = [
    `Coffer listens on ${url}`,
    `It serves ${dataDir}${token === undefined ? '' : ', a new and empty store'}${sealed ? ', which is sealed: give its shares with `coffer unseal`' : ''}`,
    ...(shares.length === 0 ? [] : ['', 'Shares of the root key, shown this once:', ...shares]),
    '',
    ...(token === undefined
      ? ['A token for it: coffer token create --policy admin --ttl 8h']
      : ["The administrator's token, shown this once, does not expire:", `  ${token}`]),
    '',
    ...(protocols.includes('native')
      ? [
          'coffer, and the library:',
          ...reach('COFFER_ADDR', 'COFFER_CACERT'),
          ...credential('COFFER_TOKEN'),
        ]
      : []),
    ...(protocols.includes('vault')
      ? ['Vault clients:', ...reach('VAULT_ADDR', 'VAULT_CACERT'), ...credential('VAULT_TOKEN')]
      : []),
    ...(protocols.includes('aws')
      ? [
          'AWS clients, with keys from `coffer access-key create`:',
          ...reach('AWS_ENDPOINT_URL_SECRETS_MANAGER', 'AWS_CA_BUNDLE'),
          '  export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1  # any will do',
        ]
      : []),
    ...(ca === undefined
      ? []
      : ['Any of them on Node:', `  export NODE_EXTRA_CA_CERTS=${quoted(ca)}`]),
    '',
  ]
  return `${lines.join('\n')}\n`
}

/** One line for scripts; what is not there is left out. */
export const startedLine = (started: Started): string => `${JSON.stringify(started)}\n`

const quoted = (file: string) =>
  /^[\w./-]+$/.test(file) ? file : `'${file.replaceAll("'", `'\\''`)}'`
