import { usage } from '../parse.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

export const handle: Handler<Sub<'audit', 'export'>> = async ({ options }, session) => {
  const { audit } = await session.coffer()
  const fromSeq = options['from-seq']
  if (fromSeq !== undefined && fromSeq < 1) throw usage('--from-seq begins at 1.')
  const lines = audit.export(fromSeq === undefined ? {} : { fromSeq })
  if (options.out === undefined) {
    for await (const chunk of lines) session.out.raw(chunk)
    return
  }
  const { privateFile } = await import('../files.ts')
  const file = privateFile(options.out)
  let bytes = 0
  try {
    for await (const chunk of lines) {
      file.write(chunk)
      bytes += chunk.length
    }
    file.finish()
  } catch (error) {
    file.abandon()
    throw error
  }
  await session.out.result({ file: options.out, bytes }, () =>
    session.out.note(`${bytes} bytes written to ${options.out}`),
  )
}
