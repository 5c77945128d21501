import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { attempt } from './files.ts'
import { projectRoot } from './project-dir.ts'

/**
 * Writes the beginnings of a manifest into coffer.yaml of the project that `cwd` is in, before what that
 * says already. Returns what was done, for the person; a file that names environments, secrets or a
 * project is left as it is.
 * @throws CofferError `unavailable`
 */
export function beginManifest(cwd: string): string {
  const root = projectRoot(cwd)
  const file = join(root, 'coffer.yaml')
  const other = ['coffer.yml', 'coffer.json'].find((name) => existsSync(join(root, name)))
  if (other !== undefined)
    return `${join(root, other)} is there: add environments and secrets to it.`
  const text = existsSync(file) ? attempt(file, 'read', () => readFileSync(file, 'utf8')) : ''
  if (/^["']?(?:environments|secrets|project|prefix)["']?\s*:/m.test(text)) {
    return `${file} is left as it is: see docs/manifest.md for what it can say.`
  }
  attempt(file, 'write', () => writeFileSync(file, `${manifestFor(basename(root))}${text}`))
  return `Manifest begun in ${file}`
}

/** A manifest without secrets, for a project that is called like its folder. */
function manifestFor(folder: string): string {
  const project = folder.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z]+/, '') || 'project'
  return `# yaml-language-server: $schema=./node_modules/coffer/schema/coffer.schema.json
project: ${project.slice(0, 64)}
environment: dev # when neither --env nor COFFER_ENV says otherwise
environments: [dev, preview, staging, prod]

# Each at ${project.slice(0, 64)}/ENV/service/name. \`coffer check\` says what is missing, \`coffer docs env\` how to set it.
secrets:
  # api/stripe-key:
  #   description: Charges cards
  #   type: apiKey
  #   owner: payments@example.com
  #   rotate: { every: 90d }
  #   usedBy: [api]
  #   deliver:
  #     - { to: dotenv, file: 'out.\${env}.env', name: STRIPE_KEY }

`
}
