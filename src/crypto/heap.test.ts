import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

/** Makes, changes, seals and opens a keyring, uses its keys, then searches its own heap for them. */
const SCRIPT = `
import { randomBytes } from 'node:crypto'
import { getHeapSnapshot } from 'node:v8'
import * as K from './keyring.ts'
import { openEnvelope, sealEnvelope } from './envelope.ts'
import { sealHead } from './head.ts'
const drawn = []
const planted = randomBytes(32).toString('hex')
const random = (n) => { const bytes = randomBytes(n); drawn.push(Buffer.from(bytes)); return bytes }
const rootKey = randomBytes(32)
drawn.push(Buffer.from(rootKey))
const root = K.rootFingerprint(rootKey)
const storeId = 'a'.repeat(32)
let ring = K.createKeyring({ storeId, rootFingerprint: root, seal: 'x', now: 1, random })
ring = K.addTerm(ring, 2, random)
ring = K.openKeyring(K.sealKeyring(ring, rootKey, { seal: 'x', params: {} }, randomBytes), rootKey)
const binding = { storeId, id: 'b'.repeat(32), version: 1, path: 'a/b' }
const { kek, term } = K.activeTerm(ring)
openEnvelope(sealEnvelope(kek, term, binding, Buffer.from('v'), random), K.kekOf(ring), binding)
sealHead(ring.headKey, storeId, 'secret', '{}')
ring.auditSigner.sign(Buffer.from('line'))
for (const key of [ring.headKey, ring.digestKey, ring.stateKey]) drawn.push(key.export())
let heap = ''
for await (const chunk of getHeapSnapshot()) heap += chunk
const found = []
const look = (name, text) => { if (heap.includes(text)) found.push(name) }
look('planted', planted)
for (const [i, bytes] of drawn.entries()) {
  const head = bytes.subarray(0, 32)
  look(i + ' hex', head.toString('hex'))
  look(i + ' base64', head.toString('base64').slice(0, 42))
  look(i + ' base64url', head.toString('base64url').slice(0, 42))
}
console.log(JSON.stringify({ keys: drawn.length, found }))
`

test('no key is a string in the heap, and the search would find one', () => {
  const cwd = new URL('.', import.meta.url)
  const args = ['--no-warnings', '--input-type=module', '--eval', SCRIPT]
  const { keys, found } = JSON.parse(
    execFileSync(process.execPath, args, { cwd, encoding: 'utf8' }),
  )
  expect(keys).toBeGreaterThan(8)
  expect(found).toEqual(['planted'])
})
