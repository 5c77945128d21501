import type { Grant, GrantedSecret } from './grants.ts'

/** What is known of the server that the operator asks. */
export interface ServerFacts {
  /** `https://coffer.example:8200`; also the audience of the tokens that it is shown. */
  readonly server: string
  /** PEM in base64. Otherwise it is in the ConfigMap `coffer-ca` of each namespace. */
  readonly caBundle?: string | undefined
  /** What Coffer calls the issuer of the cluster's tokens: `kubernetes-prod`. */
  readonly mount: string
  /** How old a value may get: `1h`. */
  readonly refreshInterval: string
}

export type KubernetesObject = Readonly<Record<string, unknown>>

export const namespaceObject = (name: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name },
})

/**
 * The workload's account, and its right to read its own Secrets by name. Nothing is listed: that
 * would show the values of all.
 */
export function accessObjects(grant: Grant): KubernetesObject[] {
  const { serviceAccount, workload } = grant
  const role = `${workload}-secrets`
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata(grant, serviceAccount) },
    {
      apiVersion: RBAC,
      kind: 'Role',
      metadata: metadata(grant, role),
      rules: [
        {
          apiGroups: [''],
          resources: ['secrets'],
          resourceNames: [...new Set([targetOf(grant), ...grant.objects])],
          verbs: ['get', 'watch'],
        },
      ],
    },
    {
      apiVersion: RBAC,
      kind: 'RoleBinding',
      metadata: metadata(grant, role),
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: role },
      subjects: [{ kind: 'ServiceAccount', name: serviceAccount, namespace: grant.namespace }],
    },
  ]
}

/**
 * The External Secrets Operator fetches with the workload's own account, so that what it may have is
 * decided, and audited, in Coffer.
 */
export function externalObjects(grant: Grant, facts: ServerFacts): KubernetesObject[] {
  const { serviceAccount, workload } = grant
  const store = `${workload}-coffer`
  const { server, caBundle, mount, refreshInterval } = facts
  const ca =
    caBundle === undefined
      ? { caProvider: { type: 'ConfigMap', name: 'coffer-ca', key: 'ca.crt' } }
      : { caBundle }
  const kubernetesServiceAccountToken = {
    serviceAccountRef: { name: serviceAccount },
    audiences: [server],
  }
  const auth = { jwt: { path: mount, role: grant.name, kubernetesServiceAccountToken } }
  return [
    {
      apiVersion: ESO,
      kind: 'SecretStore',
      metadata: metadata(grant, store),
      spec: { provider: { vault: { server, path: 'secret', version: 'v2', ...ca, auth } } },
    },
    {
      apiVersion: ESO,
      kind: 'ExternalSecret',
      metadata: metadata(grant, workload),
      spec: {
        refreshInterval,
        secretStoreRef: { kind: 'SecretStore', name: store },
        target: { name: targetOf(grant), creationPolicy: 'Owner' },
        data: grant.secrets.map(dataOf),
      },
    },
  ]
}

const RBAC = 'rbac.authorization.k8s.io/v1'
const ESO = 'external-secrets.io/v1'

/** The object with the workload's secrets, one key for each. */
const targetOf = ({ workload }: Grant): string => `${workload}-secrets`

const metadata = ({ namespace, workload }: Grant, name: string) => ({
  name,
  namespace,
  labels: {
    'app.kubernetes.io/managed-by': 'coffer-kubernetes',
    'app.kubernetes.io/name': workload,
  },
})

/** As the Vault dialect shows values: text as `value`, bytes in base64, an object as itself. */
function dataOf({ variable, path, type }: GrantedSecret) {
  const property = type === 'json' ? {} : { property: 'value' }
  const decoding = type === 'binary' ? { decodingStrategy: 'Base64' } : {}
  return { secretKey: variable, remoteRef: { key: path, ...property, ...decoding } }
}
