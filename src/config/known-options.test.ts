import { expect, test } from 'vitest'
import { defineConfig, openCoffer, secretRef } from '../index.ts'

test('a misspelt option is refused, not passed over', async () => {
  const shape = { a: secretRef('a') }
  const said = (what: string, name: string) => ({
    code: 'invalid_argument',
    message: `${what} has no option ${name}.`,
  })
  expect(() => defineConfig(shape, { prfix: 'shop' } as object)).toThrow('has no option prfix')
  const config = defineConfig(shape, { prefix: 'shop/dev/api' })
  await expect(config.load({ cofer: 1 } as object)).rejects.toMatchObject(said('load', 'cofer'))
  await expect(config.check({ ENV: 'x' } as object)).rejects.toMatchObject(said('check', 'ENV'))
  await expect(openCoffer({ datadir: '/nowhere' } as object)).rejects.toMatchObject({
    ...said('openCoffer', 'datadir'),
    remedy: expect.stringContaining('dataDir') as string,
  })
})
