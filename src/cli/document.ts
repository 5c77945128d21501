import { GLOBAL_OPTIONS } from './globals.ts'
import { aliasesOf, optionRow, usageLine } from './help.ts'
import { allSpecs } from './registry.ts'
import type { CommandSpec, OptionSpec } from './spec.ts'

/** docs/cli.md: every command, from the same table as help, parsing and completion. */
export async function cliDocument(): Promise<string> {
  const sections = await allSpecs()
  const parts = [
    INTRODUCTION,
    '## Global options\n',
    optionTable(GLOBAL_OPTIONS),
    ...sections.flatMap(({ title, commands }) => [
      `## ${title}\n`,
      ...commands.flatMap((spec) => [
        page(spec, '###'),
        ...Object.values(spec.subcommands ?? {}).map((sub) => page(sub, '####')),
      ]),
    ]),
  ]
  return `${parts.join('\n').trimEnd()}\n`
}

const INTRODUCTION = `# Command line

<!-- Made by \`npm run docs\` from the specs in src/cli/specs. Change those. -->

Data goes to stdout, everything else to stderr: \`coffer get PATH > file\` holds the value and nothing else.
With \`--json\` every command prints one JSON document on stdout (\`audit tail -f\` one per line,
\`export\` and \`audit export\` their own format, \`help\` and \`completion\` text), and an error is one on stderr:
\`{"error":{"code","message","remedy","details"}}\`. Codes and exit codes are in [errors.md](errors.md);
an interrupted pipe ends with 141, quietly. Control characters in anything printed are escaped, except in
values and exports, which are written as they are.

With \`--address\`, or with \`COFFER_ADDR\` and no \`--data-dir\`, the store is that of a server
([client.md](client.md)). Else it is found by \`--data-dir\`, else \`COFFER_DATA_DIR\`, else \`dataDir\` of
the project's \`coffer.yaml\` or \`coffer.json\` (from the working directory upwards), else \`/data/secrets\`.
The first that says something decides; when there is no store, no other place is
tried.

With \`--as\` a command acts as another actor, with that actor's access; the audit event's \`via\` names who
it really was. \`COFFER_DEBUG=1\` adds the stack frames of an error, without its message.
`

function page(spec: CommandSpec, heading: string): string {
  const lines = [
    `${heading} coffer ${spec.name}\n`,
    `${capital(spec.summary)}.\n`,
    fence([usageLine(spec)]),
  ]
  const others = aliasesOf(spec.name)
  if (others.length > 0) lines.push(`Also \`coffer ${others.join('`, `coffer ')}\`.\n`)
  for (const paragraph of spec.description ?? []) lines.push(`${escapeText(paragraph)}\n`)
  if (spec.arguments !== undefined) {
    lines.push(
      table(
        ['argument', ''],
        spec.arguments.map((a) => [`\`${a.name.toUpperCase()}\``, a.summary]),
      ),
    )
  }
  if (spec.options !== undefined) lines.push(optionTable(spec.options))
  lines.push(
    fence(
      spec.examples.map(({ command, note }) => (note === '' ? command : `${command}  # ${note}`)),
    ),
  )
  return lines.join('\n')
}

const optionTable = (options: Readonly<Record<string, OptionSpec>>): string =>
  table(
    ['option', ''],
    Object.entries(options).map((option) => {
      const [left, right] = optionRow(option)
      return [`\`${left}\``, `${right}${option[1].multiple === true ? '; may be repeated' : ''}`]
    }),
  )

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`)
    .join('')

const fence = (lines: readonly string[]): string => `\`\`\`sh\n${lines.join('\n')}\n\`\`\`\n`

/** Stars would become emphasis. */
const escapeText = (text: string): string => text.replaceAll('*', '\\*')

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
