import { expect, test } from 'vitest'
import { manifestOf } from '../../generate/test-manifest.ts'
import type { Facts } from '../facts.ts'
import { destinations } from './destinations.ts'

const YAML = `project: shop
environments: [dev, prod]
destinations:
  web: { kind: vercell, project: p }
secrets:
  a/x:
    deliver:
      - { to: web, name: X }
      - { to: dotnev, file: f }
      - { to: dotenv, file: g }
`

test('kinds that there are not are found where they are written', async () => {
  const facts = { manifest: await manifestOf(YAML) } as Facts
  const found = await destinations.find({ ...facts, destinationKinds: ['dotenv', 'vercel'] })
  expect([...found].map(({ code, line, path, message }) => [code, line, path, message])).toEqual([
    [
      'unknown_destination',
      4,
      'destinations.web',
      '"vercell" is not known here. Did you mean vercel?',
    ],
    [
      'unknown_destination',
      9,
      'secrets.a/x.deliver.1',
      '"dotnev" is not known here. Did you mean dotenv?',
    ],
  ])
  expect(await destinations.find(facts)).toEqual([])
})
