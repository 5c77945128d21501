// `npm run docs`: writes the pages that are made from tables in the code.
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { errorsDocument } from './errors-document.ts'

const docs = path.join(import.meta.dirname, '..', 'docs')
writeFileSync(path.join(docs, 'errors.md'), errorsDocument())
