import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { refusalOf } from '../../testing/refusal.ts'
import { loadPeer } from './peer.ts'

const missing = (name: string) =>
  Object.assign(new Error(`Cannot find package '${name}' imported from /x/y.js`), {
    code: 'ERR_MODULE_NOT_FOUND',
  })

test('a package that is not there is to be installed, and is named', async () => {
  const error = await refusalOf(() => loadPeer('@a/b', () => Promise.reject(missing('@a/b'))))
  expect(error).toMatchObject({
    code: 'missing_dependency',
    remedy: expect.stringContaining('npm install @a/b') as unknown,
  })
})

test('in an application that was bundled its absence has the code of require', async () => {
  const error = Object.assign(new Error("Cannot find module '@a/b'"), { code: 'MODULE_NOT_FOUND' })
  const refusal = await refusalOf(() => loadPeer('@a/b', () => Promise.reject(error)))
  expect(refusal).toMatchObject({ code: 'missing_dependency' })
})

test('packages that are of use together are named together', async () => {
  const load = () => loadPeer('@a/b', () => Promise.reject(missing('@a/b')), '@a/b @a/c')
  expect((await refusalOf(load)).remedy).toContain('npm install @a/b @a/c')
})

test('what is missing within a package, or breaks in it, is not the package', async () => {
  for (const error of [missing('@a/c'), new Error('broken')]) {
    await expect(loadPeer('@a/b', () => Promise.reject(error))).rejects.toBe(error)
  }
})

test('Node says it in these words', () => {
  const peer = JSON.stringify(new URL('./peer.ts', import.meta.url).href)
  const script = `const { loadPeer } = await import(${peer})
    await loadPeer('@nobody/nothing', () => import('@nobody/nothing')).catch((e) => console.log(e.code))`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  })
  expect(stdout.trim()).toBe('missing_dependency')
})
