import { CLOUD_NAMES } from '../../config/generate/terraform/clouds.ts'
import { defineCommand, type OptionSpec } from '../spec.ts'

const OUT = {
  type: 'string',
  value: 'DIR',
  complete: 'directory',
  summary: 'where the files go; made when it is missing',
} as const satisfies OptionSpec
const ENV = {
  type: 'string',
  value: 'NAME',
  multiple: true,
  summary: 'an environment; all of the manifest where none is named',
} as const satisfies OptionSpec
const OWN =
  'Files that were made before are made again; one that somebody else wrote is never written over. The same manifest gives the same bytes.'

export const terraform = defineCommand({
  name: 'terraform',
  summary: 'write Terraform for the secrets of the manifest and who may read them',
  description: [
    'For every declared secret and environment one in AWS Secrets Manager at /project/env/service/name, tagged with owner, rotation interval and classification, without a value; a read-only user for the deploy hooks of Vercel and a role of Lambda functions for every environment; a role of CI by OpenID Connect. Every policy names secrets one by one.',
    OWN,
  ],
  options: {
    cloud: {
      type: 'string',
      value: 'NAME',
      choices: CLOUD_NAMES,
      summary: 'whose',
      default: 'aws',
    },
    out: OUT,
    env: ENV,
    module: {
      type: 'boolean',
      summary: 'as inputs of terraform-aws-modules/secrets-manager, not plain resources',
    },
    repository: {
      type: 'string',
      value: 'OWNER/NAME',
      summary: 'whose GitHub Actions take the role of CI',
    },
    'replica-region': {
      type: 'string',
      value: 'REGION',
      multiple: true,
      summary: 'a region that holds copies',
    },
  },
  examples: [
    { command: 'coffer terraform --out infra/secrets', note: 'all environments' },
    {
      command:
        'coffer terraform --out infra/prod --env prod --repository acme/shop --replica-region eu-west-1',
      note: 'one account for each environment',
    },
  ],
})

export const kubernetes = defineCommand({
  name: 'kubernetes',
  summary: 'write Kubernetes objects by which each workload reads its own secrets only',
  description: [
    'For every environment: accounts and roles that name the Secrets of their workload, a SecretStore and an ExternalSecret of the External Secrets Operator for each workload, which ask a Coffer server with its account. What a workload uses is said by usedBy; `coffer policy workloads` lets it read that.',
    OWN,
  ],
  options: {
    out: OUT,
    env: ENV,
    workload: {
      type: 'string',
      value: 'NAME',
      multiple: true,
      summary: 'a workload that runs in the cluster; all of the manifest where none is named',
    },
    server: {
      type: 'string',
      value: 'URL',
      summary: 'the server, as the cluster reaches it',
      default: 'https://coffer.example:8200',
    },
    'ca-file': {
      type: 'string',
      value: 'FILE',
      complete: 'file',
      summary: 'PEM of its authority',
      default: 'the ConfigMap coffer-ca',
    },
    mount: {
      type: 'string',
      value: 'NAME',
      summary: "what Coffer calls the issuer of the cluster's tokens",
      default: 'kubernetes-ENV',
    },
    refresh: {
      type: 'string',
      value: 'TIME',
      summary: 'how old a value may get',
      default: '1h',
    },
  },
  examples: [
    {
      command: 'coffer kubernetes --out k8s --server https://coffer.internal:8200',
      note: 'then follow k8s/README.md',
    },
    {
      command: 'coffer kubernetes --out k8s --workload api',
      note: 'where the others run elsewhere, as at Vercel',
    },
  ],
})
