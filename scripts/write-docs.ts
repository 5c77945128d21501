// `npm run docs`: writes the pages that are made from tables in the code.
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { format, resolveConfig } from 'prettier'
import { cliDocument } from '../src/cli/document.ts'
import { errorsDocument } from './errors-document.ts'

const PAGES = { 'cli.md': cliDocument, 'errors.md': errorsDocument }

for (const [name, make] of Object.entries(PAGES)) {
  const file = path.join(import.meta.dirname, '..', 'docs', name)
  const options = await resolveConfig(file)
  writeFileSync(file, await format(await make(), { ...options, filepath: file }))
}
