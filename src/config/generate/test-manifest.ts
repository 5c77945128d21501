import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { loadManifest } from '../manifest/load.ts'
import type { Manifest } from '../manifest/manifest.ts'

/** A manifest from its text, for tests. */
export async function manifestOf(yaml: string): Promise<Manifest> {
  const dir = await mkdtemp(path.join(tmpdir(), 'coffer-generate-'))
  try {
    await writeFile(path.join(dir, 'coffer.yaml'), yaml)
    const manifest = await loadManifest(dir)
    if (manifest === undefined) throw new Error('No manifest was found.')
    return manifest
  } finally {
    await rm(dir, { recursive: true })
  }
}

export const SHOP = `project: shop
environments: [preview, staging, prod]
workloads:
  api: { namespace: shop }
  worker: { namespace: shop, serviceAccount: background }
secrets:
  api/stripe-key:
    type: apiKey
    owner: payments@example.com
    classification: restricted
    description: Takes payments
    rotate: { every: 30d }
    usedBy: [api, worker]
    deliver:
      - { to: vercel, project: prj_1, name: STRIPE_KEY }
  api/settings:
    type: json
    rotate: { every: 180d }
    usedBy: [api]
  worker/seed:
    type: binary
    usedBy: [worker]
    environments: [prod]
`
