import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

/** The full measurement is in bench/; here only what would make it fail for everybody. */
test('loading references imports no package and few modules', () => {
  const entry = new URL('./index.ts', import.meta.url).href
  const code = `
    import { registerHooks } from 'node:module'
    const seen = []
    registerHooks({
      load(url, context, next) {
        seen.push(url)
        return next(url, context)
      },
    })
    const { defineConfig, memoryProvider, secretRef } = await import(${JSON.stringify(entry)})
    const keys = Array.from({ length: 50 }, (_, i) => 'k' + i)
    const values = Object.fromEntries(keys.map((key) => [key, 'value']))
    const config = defineConfig(keys.map((key) => secretRef(key)))
    await config.load({ providers: { coffer: memoryProvider(values) }, processEnv: {} })
    console.log(JSON.stringify(seen))`
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', code])
  const seen = JSON.parse(out.toString()) as string[]
  const files = seen.filter((url) => url.startsWith('file:'))
  expect(files.filter((url) => url.includes('node_modules'))).toEqual([])
  // A provider is one small file; what it takes to use it is loaded when it is used.
  const own = files.filter((url) => !url.includes('/adapters/'))
  expect(own.length).toBeGreaterThan(15)
  expect(own.length).toBeLessThan(45)
  expect(seen).not.toContain('node:v8')
})
