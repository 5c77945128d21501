import { CLOUDS } from '../../config/generate/terraform/clouds.ts'
import { manifestHere, writeGenerated } from '../generated.ts'
import type { Handler } from '../spec.ts'
import type { terraform } from '../specs/generate.ts'

export const handle: Handler<typeof terraform> = async ({ options }, session) => {
  const manifest = await manifestHere(session)
  const terraformFor = await CLOUDS[options.cloud ?? 'aws']()
  const generated = terraformFor(manifest, {
    environments: options.env,
    module: options.module,
    repository: options.repository,
    replicaRegions: options['replica-region'],
  })
  await writeGenerated(generated, options.out, session)
}
