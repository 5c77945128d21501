import { defineCommand } from '../spec.ts'

export const run = defineCommand({
  name: 'run',
  summary: 'run a command with its secrets in the environment',
  description: [
    "Resolves every secret below --prefix, or those that the project (coffer.config.ts, coffer.yaml) names, or all below the project's prefix when it names none, puts them into the environment, and becomes the command: exit code, signals and standard streams are its own. When any secret cannot be resolved, all failures are listed and nothing is started.",
    "A secret below the prefix is named by the variable it was imported under, else by its path: a/b-c is A_B_C. Coffer's own keys are taken out of the environment. Names that change how programs are loaded (LD_PRELOAD, NODE_OPTIONS, PATH …) are refused unless --allow-env names them.",
    'Of what the caller set up, standard streams, limits and the working directory stay as they are. Other open files (3 and up, as sockets of systemd) do not reach the command, and a signal that the caller ignores is not ignored: write `coffer run -- nohup COMMAND`, not `nohup coffer run`.',
    'With --files each secret is a file of mode 0600 in DIR instead, named by its path below the prefix, kept current while the command runs and removed within a second after it ends.',
  ],
  arguments: [
    {
      name: 'command',
      summary: 'the command and its arguments',
      variadic: true,
      complete: 'command',
    },
  ],
  passThrough: true,
  options: {
    prefix: { type: 'string', value: 'PATH', summary: 'every secret below this path' },
    env: {
      type: 'string',
      value: 'NAME',
      summary: 'the environment of the project',
      default: 'COFFER_ENV, coffer.yaml, NODE_ENV, dev',
    },
    'allow-env': {
      type: 'string',
      value: 'NAME',
      multiple: true,
      summary: 'allow a variable name that is refused otherwise',
    },
    files: {
      type: 'string',
      value: 'DIR',
      complete: 'directory',
      summary: 'write files instead of variables',
    },
    'with-env': { type: 'boolean', summary: 'with --files: set the variables as well' },
    'leave-files': { type: 'boolean', summary: 'with --files: do not remove them at the end' },
  },
  examples: [
    { command: 'coffer run --prefix shop/dev/api -- node server.js', note: 'secrets as variables' },
    { command: 'coffer run -- npm test', note: 'what coffer.config.ts or coffer.yaml names' },
    {
      command: 'coffer run --prefix shop/dev/api --files ./run/secrets -- ./app',
      note: 'as files',
    },
  ],
})
