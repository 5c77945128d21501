import { isUtf8 } from 'node:buffer'
import path from 'node:path'
import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { Provider } from '../../core/ports/provider.ts'
import { decodeText, textSecret } from '../../core/secret.ts'
import { answerPlain, checkOptions } from './context.ts'
import type { ProviderContext } from './context.ts'
import { readFileWhole, watchByName } from './files.ts'

/**
 * Variables of a dotenv file: the key is a name. Options: `file` (default `.env` in the working
 * directory). Values are as written: nothing is expanded. Without the file they are absent. The
 * process environment is neither read nor changed. At most 4 MiB of UTF-8.
 */
export function dotenv({ options }: ProviderContext): Provider {
  checkOptions('dotenv', options, ['file'])
  const file = path.resolve(options['file'] ?? '.env')
  return {
    kind: 'dotenv',
    batchMax: 500,
    resolve(refs) {
      let reading: ReturnType<typeof readVariables> | undefined
      return answerPlain(refs, async (name) => {
        const text = (await (reading ??= readVariables(file))).get(name)
        return {
          value: text === undefined ? undefined : { secret: textSecret(`dotenv:${name}`, text) },
        }
      })
    },
    watch: (_ref, changed) => watchByName(file, changed),
  }
}

async function readVariables(file: string): Promise<ReadonlyMap<string, string>> {
  const shown = `The file ${JSON.stringify(path.basename(file))}`
  const bytes = await readFileWhole(file, shown, LIMITS.documentBytesMax, { follow: true })
  if (bytes === undefined) return new Map()
  if (!isUtf8(bytes)) throw new CofferError('invalid_value', `${shown} is not UTF-8.`)
  const { parse } = await import('dotenv')
  return new Map(Object.entries(parse(decodeText(bytes))))
}
