import { kubernetesObjects } from '../../config/generate/kubernetes/kubernetes.ts'
import { LIMITS } from '../../core/limits.ts'
import { readFile } from '../files.ts'
import { manifestHere, writeGenerated } from '../generated.ts'
import type { Handler } from '../spec.ts'
import type { kubernetes } from '../specs/generate.ts'

export const handle: Handler<typeof kubernetes> = async ({ options }, session) => {
  const manifest = await manifestHere(session)
  const ca = options['ca-file']
  const generated = await kubernetesObjects(manifest, {
    environments: options.env,
    workloads: options.workload,
    server: options.server,
    ca: ca === undefined ? undefined : textOf(ca),
    mount: options.mount,
    refreshInterval: options.refresh,
  })
  await writeGenerated(generated, options.out, session)
}

const textOf = (file: string): string =>
  Buffer.from(readFile(file, LIMITS.tlsFileBytesMax)).toString('utf8')
