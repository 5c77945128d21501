import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { testGitHub, TOKEN } from '../../adapters/destinations/github/test-github.ts'
import { testProxy } from '../../adapters/destinations/test-proxy.ts'
import { bench } from '../test-world.ts'

const MAIN = join(import.meta.dirname, '../test-main.ts')
const REPO = '/repos/acme/shop/actions/secrets'
const MANIFEST = `
project: shop
environments: [prod]
secrets:
  api/one: { deliver: [{ to: github, repository: acme/shop, name: ONE }] }
  api/taken: { deliver: [{ to: github, repository: acme/shop, name: TAKEN }] }
`

// Elsewhere a lease ends two minutes after its holder.
test.skipIf(process.platform !== 'linux').each(['before', 'loses'] as const)(
  'killed as GitHub is told (%s), a plain second apply ends it at once, and leaves what is foreign',
  async (when) => {
    await using github = await testGitHub()
    await using store = await bench()
    const proxy = await testProxy(github.url)
    const cwd = join(store.dir, 'work')
    writeFileSync(join(cwd, 'coffer.yaml'), MANIFEST)
    const env = {
      ...store.env,
      COFFER_STATE_DIR: join(store.dir, 'state'),
      GITHUB_TOKEN: TOKEN,
      GITHUB_API_URL: proxy.url,
    }
    const APPLY = ['sync', 'apply', '--env', 'prod', '--yes']
    for (const name of ['one', 'taken']) {
      await store.run(['set', `shop/prod/api/${name}`], { input: `value of ${name}`, cwd, env })
    }
    await store.run(['sync', 'allow', '--env', 'prod', '--yes'], { cwd, env })
    const times = { createdAt: '2025-01-01T00:00:00Z', updatedAt: '2025-01-01T00:00:00Z' }
    const secrets = github.places.get(REPO)
    secrets?.set('TAKEN', { value: 'foreign', ...times })

    const child = spawn(process.execPath, [MAIN, ...APPLY], { cwd, env, stdio: 'ignore' })
    const ended = once(child, 'exit')
    proxy[when] = ({ method }) => method === 'PUT' && child.kill('SIGKILL')
    expect(await ended).toEqual([null, 'SIGKILL'])
    proxy[when] = undefined
    expect(secrets?.has('ONE')).toBe(when === 'loses')

    const again = await store.run(APPLY, { cwd, env })
    expect([again.code, again.err]).toEqual([1, expect.stringMatching(/^1 of 1 change/m)])
    expect(secrets?.get('ONE')?.value).toBe('value of one')
    expect(secrets?.get('TAKEN')).toEqual({ value: 'foreign', ...times })
    await proxy.close()
  },
)
