import type { JwtIssuer } from '../../../../../core/ports/identities.ts'
import type { JsonObject } from '../../../../../core/value.ts'
import { refuse } from '../../errors.ts'
import { listField, textField } from '../../fields.ts'
import type { VaultHandler } from '../../route.ts'
import { mountName } from '../mount-name.ts'
import { refuseRootRole } from '../root-roles.ts'

export const readConfig: VaultHandler = async (context) => {
  const { coffer } = await context.caller()
  const issuer = await coffer.identities.jwtIssuer(mountName(context))
  return issuer === undefined ? 'absent' : { data: shown(issuer) }
}

/** The whole of it: what is not given is not kept. */
export const writeConfig: VaultHandler = async (context) => {
  const { body } = context
  const text = (name: string) => textField(body, name) || undefined
  if (text('oidc_client_id') !== undefined || text('oidc_client_secret') !== undefined) {
    throw refuse(400, 'this server verifies JWTs, and has no logins through a browser')
  }
  const list = (name: string) => {
    const given = listField(body, name)
    return given === undefined || given.length === 0 ? undefined : given
  }
  const { coffer } = await context.caller()
  const roles = await coffer.identities.jwtRoles(mountName(context))
  await refuseRootRole(context, ...roles.map(({ token }) => token))
  await coffer.identities.putJwtIssuer({
    mount: mountName(context),
    discoveryUrl: text('oidc_discovery_url'),
    jwksUrl: text('jwks_url'),
    publicKeys: list('jwt_validation_pubkeys'),
    caPem: text('oidc_discovery_ca_pem') ?? text('jwks_ca_pem'),
    boundIssuer: text('bound_issuer'),
    algorithms: list('jwt_supported_algs'),
    defaultRole: text('default_role')?.toLowerCase(),
  })
  return undefined
}

const shown = (issuer: JwtIssuer): JsonObject => ({
  bound_issuer: issuer.boundIssuer ?? '',
  default_role: issuer.defaultRole ?? '',
  jwks_ca_pem: issuer.jwksUrl === undefined ? '' : (issuer.caPem ?? ''),
  jwks_url: issuer.jwksUrl ?? '',
  jwt_supported_algs: [...(issuer.algorithms ?? [])],
  jwt_validation_pubkeys: [...(issuer.publicKeys ?? [])],
  namespace_in_state: true,
  oidc_client_id: '',
  oidc_discovery_ca_pem: issuer.discoveryUrl === undefined ? '' : (issuer.caPem ?? ''),
  oidc_discovery_url: issuer.discoveryUrl ?? '',
  oidc_response_mode: '',
  oidc_response_types: [],
  provider_config: {},
})
