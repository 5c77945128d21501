import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { format } from 'prettier'
import { expect, test } from 'vitest'
import { cliDocument } from './document.ts'

test('docs/cli.md is what `npm run docs` makes of the specs', async () => {
  const written = readFileSync(join(import.meta.dirname, '../../docs/cli.md'), 'utf8')
  const options = { parser: 'markdown', printWidth: 100 }
  expect(await format(written, options)).toBe(await format(await cliDocument(), options))
})
