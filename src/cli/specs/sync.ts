import { defineCommand } from '../spec.ts'
import type { OptionSpec } from '../spec.ts'

const WHERE = {
  env: {
    type: 'string',
    value: 'NAME',
    summary: 'the environment of the manifest',
    default: 'COFFER_ENV, coffer.yaml, NODE_ENV, dev',
  },
  only: {
    type: 'string',
    value: 'DEST',
    multiple: true,
    summary: 'this destination, by its id or name, or this kind of them',
  },
} as const satisfies Record<string, OptionSpec>
const ADOPT = {
  adopt: {
    type: 'string',
    value: 'NAME',
    multiple: true,
    summary: 'take over an entry of this name that is not ours',
  },
  'adopt-all': { type: 'boolean', summary: 'take over every foreign entry that is declared' },
} as const satisfies Record<string, OptionSpec>

export const sync = defineCommand({
  name: 'sync',
  summary: 'deliver the secrets of the manifest to where they are used',
  description: [
    'What `deliver` in coffer.yaml says, for one environment. A plan comes first. Entries that Coffer did not make are never changed or deleted; what it made is recorded. Delivering needs the action deliver, in a rule that names the destination: see `coffer sync allow`.',
  ],
  examples: [
    { command: 'coffer sync plan --env prod', note: 'what would be done' },
    { command: 'coffer sync apply --env prod', note: 'do it, after a question' },
  ],
  subcommands: {
    plan: {
      name: 'sync plan',
      summary: 'show what apply would do, without values',
      description: [
        'Two plans of the same state are the same text. Exit code 1 when something is refused.',
      ],
      options: {
        ...WHERE,
        ...ADOPT,
        out: {
          type: 'string',
          value: 'FILE',
          complete: 'file',
          summary: 'keep the plan in a file',
        },
      },
      examples: [
        { command: 'coffer sync plan --env prod --json', note: '' },
        {
          command: 'coffer sync plan --env prod --out plan.json',
          note: 'to be looked at, then applied',
        },
      ],
    },
    apply: {
      name: 'sync apply',
      summary: 'deliver, as the plan says',
      description: [
        'Shows the plan and asks; without a terminal --yes is needed. One entry that fails stops no other. Exit code 75 when running it again finishes the rest, 1 when something was refused.',
        'With --watch it goes on: changes of secrets are delivered within seconds, and drift is mended at each --every. With --json each delivery is a line of JSON.',
      ],
      options: {
        ...WHERE,
        ...ADOPT,
        yes: { type: 'boolean', short: 'y', summary: 'do not ask' },
        plan: {
          type: 'string',
          value: 'FILE',
          complete: 'file',
          summary: 'apply this plan of --out, or nothing where the state has moved since',
        },
        keep: { type: 'boolean', summary: 'delete nothing' },
        'allow-empty': { type: 'boolean', summary: 'also where all that is ours would be deleted' },
        watch: { type: 'boolean', summary: 'go on, and keep the destinations in step' },
        every: {
          type: 'integer',
          value: 'SECONDS',
          summary: 'with --watch: look for drift so often; 0 is never',
          default: '300',
        },
      },
      examples: [
        { command: 'coffer sync apply --env prod --yes', note: 'in a pipeline' },
        { command: 'coffer sync apply --env prod --yes --watch', note: 'as a service' },
      ],
    },
    status: {
      name: 'sync status',
      summary: 'is every destination in step, and who delivered last',
      description: ['Exit code 1 when one is not in step.'],
      options: WHERE,
      examples: [{ command: 'coffer sync status --env prod', note: '' }],
    },
    allow: {
      name: 'sync allow',
      summary: 'allow an actor to deliver what the manifest declares, and nothing else',
      description: [
        'Shows which secrets may not be delivered to which destinations yet; and what the policy of before allows and the manifest no longer declares; confirmed, writes the policy deliver-PROJECT-ENV for exactly what the manifest declares, and gives it to the actor.',
      ],
      options: {
        env: WHERE.env,
        actor: { type: 'string', value: 'ACTOR', summary: 'who delivers', default: 'you' },
        yes: { type: 'boolean', short: 'y', summary: 'do not ask' },
      },
      examples: [
        { command: 'coffer sync allow --env prod --actor service:shop-prod-deploy', note: '' },
      ],
    },
  },
})
