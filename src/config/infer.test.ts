import { type } from 'arktype'
import * as v from 'valibot'
import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import type { Secret } from '../core/secret.ts'
import { defineConfig, env, loadDocument, secret, secretRef } from './index.ts'
import type { Loaded } from './index.ts'

test('types follow from schemas of zod, valibot and arktype, and are read-only', () => {
  const config = defineConfig({
    http: { port: env('PORT', z.coerce.number().default(3000)), host: env('HOST') },
    db: { url: secretRef('db-url', z.url()), raw: secretRef('db-url') },
    many: [secretRef('a', v.pipe(v.string(), v.transform(Number)))],
    ark: secretRef('b', type({ user: 'string', 'age?': 'number' })).optional(),
    literal: 'x',
    since: new Date(0),
  })
  type Cfg = Loaded<typeof config>
  expectTypeOf<Cfg['http']>().toEqualTypeOf<{ readonly port: number; readonly host: string }>()
  expectTypeOf<Cfg['db']['url']>().toEqualTypeOf<Secret<string>>()
  expectTypeOf<Cfg['db']['raw']>().toEqualTypeOf<Secret<string>>()
  expectTypeOf<Cfg['many']>().toEqualTypeOf<readonly Secret<number>[]>()
  expectTypeOf<Cfg['ark']>().toEqualTypeOf<Secret<{ user: string; age?: number }> | undefined>()
  expectTypeOf<Cfg['literal']>().toEqualTypeOf<string>()
  expectTypeOf<Cfg['since']>().toEqualTypeOf<Date>()
  expectTypeOf<Cfg>().not.toBeAny()
  // @ts-expect-error an optional secret may be absent
  expectTypeOf<Cfg['ark']>().toHaveProperty('reveal')
})

test('an instance of a class keeps its type, private members and all', () => {
  class Pool {
    readonly #size = 1
    private readonly name = 'x'
    describe = () => `${this.name}${this.#size}`
  }
  class Point {
    x = 1
  }
  const config = defineConfig({
    pool: new Pool(),
    nested: { pool: new Pool(), url: secretRef('db-url') },
    headers: new Headers(),
    point: new Point(),
    plain: { port: 1, hosts: ['a'] },
  })
  type Cfg = Loaded<typeof config>
  expectTypeOf<Cfg['pool']>().toEqualTypeOf<Pool>()
  expectTypeOf<Cfg['nested']['pool']>().toEqualTypeOf<Pool>()
  expectTypeOf<Cfg['nested']['url']>().toEqualTypeOf<Secret<string>>()
  expectTypeOf<Cfg['headers']>().toExtend<Headers>()
  expectTypeOf<Cfg['point']>().toExtend<Point>()
  expectTypeOf<Cfg['plain']>().toEqualTypeOf<{
    readonly port: number
    readonly hosts: readonly string[]
  }>()
})

test('a document takes its types from its shape', () => {
  const load = () =>
    loadDocument('app.yaml', {
      port: z.number(),
      db: { password: secret(z.string()), ca: secret().optional() },
      peers: [{ host: v.string(), key: secret() }],
    })
  type Doc = Awaited<ReturnType<typeof load>>
  expectTypeOf<Doc['port']>().toEqualTypeOf<number>()
  expectTypeOf<Doc['db']['password']>().toEqualTypeOf<Secret<string>>()
  expectTypeOf<Doc['db']['ca']>().toEqualTypeOf<Secret<string> | undefined>()
  expectTypeOf<Doc['peers']>().toEqualTypeOf<
    readonly { readonly host: string; readonly key: Secret<string> }[]
  >()
})
