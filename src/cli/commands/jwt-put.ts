import { given } from '../credentials.ts'
import { readFile } from '../files.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'
import { isOpenToVault, notOpenToVault } from '../vault-method.ts'

const PEM_BYTES_MAX = 65_536

const pemIn = (file: string): string => Buffer.from(readFile(file, PEM_BYTES_MAX)).toString('utf8')

export const handle: Handler<Sub<'jwt', 'put'>> = async ({ options, args: [mount] }, session) => {
  const keyFiles = given(options['public-key'])
  const caFile = options['issuer-ca']
  const coffer = await session.coffer()
  await coffer.identities.putJwtIssuer({
    mount,
    discoveryUrl: options['discovery-url'],
    jwksUrl: options['jwks-url'],
    publicKeys: keyFiles?.map(pemIn),
    caPem: caFile === undefined ? undefined : pemIn(caFile),
    boundIssuer: options.issuer,
    algorithms: given(options.algorithm),
    defaultRole: options['default-role'],
  })
  const open = await isOpenToVault(coffer, mount, 'jwt')
  await session.out.result({ mount, stored: true, vault: open }, () => {
    session.out.note(`issuer ${mount} stored; say whom to let in with \`coffer jwt role ${mount}\``)
    if (!open) session.out.note(notOpenToVault(mount))
  })
}
