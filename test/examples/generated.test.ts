import path from 'node:path'
import { expect, test } from 'vitest'
import { kubernetesObjects } from '../../src/config/generate/kubernetes/kubernetes.ts'
import { terraformForAws } from '../../src/config/generate/terraform/aws.ts'
import { loadManifest } from '../../src/config/manifest/load.ts'

const manifest = await loadManifest(path.join(import.meta.dirname, '../../examples/storefront'))
if (manifest === undefined) throw new Error('The storefront has no manifest.')

/** What changes with the manifest; the rest is the same for every project. */
test('the storefront in AWS', async () => {
  const { files, notes } = terraformForAws(manifest)
  await expect(files['secrets.tf']).toMatchFileSnapshot('golden/storefront-secrets.tf')
  expect(notes).toEqual([])
})

test('the storefront in Kubernetes', async () => {
  const { files } = await kubernetesObjects(manifest, { environments: ['prod'] })
  const names = Object.keys(files).filter((name) => name.endsWith('.yaml'))
  const all = names.map((name) => files[name]).join('---\n')
  await expect(all).toMatchFileSnapshot('golden/storefront-kubernetes.yaml')
})
