import { defineCommand } from '../spec.ts'

export const help = defineCommand({
  name: 'help',
  summary: 'help on a command',
  arguments: [{ name: 'command', summary: 'one or two words', variadic: true, optional: true }],
  examples: [{ command: 'coffer help audit verify', note: '' }],
})

export const completion = defineCommand({
  name: 'completion',
  summary: 'shell completion',
  arguments: [{ name: 'shell', summary: 'bash, zsh or fish', words: ['bash', 'zsh', 'fish'] }],
  examples: [
    { command: 'source <(coffer completion bash)', note: 'in ~/.bashrc' },
    { command: 'coffer completion zsh > "${fpath[1]}/_coffer"', note: 'for zsh' },
    {
      command: 'coffer completion fish > ~/.config/fish/completions/coffer.fish',
      note: 'for fish',
    },
  ],
})

export const version = defineCommand({
  name: 'version',
  summary: 'the version of Coffer and of Node',
  examples: [{ command: 'coffer version --json', note: '' }],
})
