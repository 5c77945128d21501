import { shellWord } from '../../../core/shell-word.ts'
import type { Manifest } from '../../manifest/manifest.ts'
import { MARK } from '../generated.ts'
import { code } from '../markdown.ts'
import type { Grant } from './grants.ts'
import type { ServerFacts } from './objects.ts'

/** What is here, and the commands that make Coffer know the workloads. */
export function readmeOf(
  { project }: Manifest,
  grants: readonly Grant[],
  factsOf: (environment: string) => ServerFacts,
): string {
  const environments = [...new Set(grants.map(({ environment }) => environment))]
  const sections = environments.map((name) =>
    section(
      name,
      grants.filter(({ environment }) => environment === name),
      factsOf(name),
    ),
  )
  return `<!-- ${MARK}. -->

# ${project} in Kubernetes

Each workload reads its own secrets and nothing else: in the cluster by a Role that names its Secrets, in Coffer by a policy
that names its paths. Made from the manifest: change that, and make this again.

${sections.join('\n')}
## What the numbers in front are

The order in which \`kubectl apply -f DIR\` applies them: \`1-namespaces.yaml\`, \`2-access.yaml\` (accounts, roles),
\`3-external-secrets.yaml\` (for the External Secrets Operator, from 0.17 on). Without the operator leave the last one out, and deliver
with \`coffer sync\`.
`
}

function section(name: string, grants: readonly Grant[], facts: ServerFacts): string {
  const { mount, server, caBundle } = facts
  const spaces = [...new Set(grants.map(({ namespace }) => namespace))]
  const made = spaces.some((space) => space !== 'default')
  const files = [...(made ? ['1-namespaces.yaml'] : []), '2-access.yaml']
  const ca = [
    'coffer ca > ca.crt',
    ...spaces.map((space) => `kubectl create configmap coffer-ca -n ${space} --from-file=ca.crt`),
  ]
  const commands = grants.map(
    (grant) =>
      `coffer jwt role ${mount} ${grant.name} --audience ${server} --subject system:serviceaccount:${grant.namespace}:${grant.serviceAccount} --actor ${shellWord(grant.actor)} --ttl 15m`,
  )
  return `## ${name}

| workload | account | in Coffer | secrets |
| --- | --- | --- | --- |
${grants.map(row).join('\n')}

Coffer has to believe the tokens of the cluster. Its issuer is what \`kubectl get --raw /.well-known/openid-configuration\` says;
where that address is not public, give the key instead: \`--public-key sa.pub --issuer ISSUER\`.

\`\`\`sh
coffer policy workloads --env ${name}
coffer jwt put ${mount} --discovery-url https://ISSUER
${commands.join('\n')}
\`\`\`

\`\`\`sh
kubectl apply ${files.map((file) => `-f ${name}/${file}`).join(' ')}
${caBundle === undefined ? `${ca.join('\n')}\n` : ''}kubectl apply -f ${name}/3-external-secrets.yaml
\`\`\`
`
}

const row = ({ workload, namespace, serviceAccount, actor, secrets }: Grant): string =>
  `| ${workload} | \`${namespace}/${serviceAccount}\` | ${code(actor)} | ${secrets.length} |`
