// `npm run docs`: writes the pages that are made from tables in the code.
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { cliDocument } from '../src/cli/document.ts'
import { errorsDocument } from './errors-document.ts'

const docs = path.join(import.meta.dirname, '..', 'docs')
writeFileSync(path.join(docs, 'errors.md'), errorsDocument())
writeFileSync(path.join(docs, 'cli.md'), await cliDocument())
