import { MessageChannel } from 'node:worker_threads'
import { expect, onTestFinished, test } from 'vitest'
import type { Operator } from '../../core/ports/platform.ts'
import type { PrimaryMethods } from './methods.ts'
import { createPeer } from './peer.ts'
import { createWorkerGate } from './worker-gate.ts'

test('whoever seals by whatever way in, the primary is told who it is', async () => {
  const { port1, port2 } = new MessageChannel()
  onTestFinished(() => port1.close())
  const over = (port: typeof port1) => ({
    send: (message: unknown) => port.postMessage(message),
    onMessage: (listener: (message: unknown) => void) => void port.on('message', listener),
  })
  const sealedBy: Operator[] = []
  createPeer(over(port2), { seal: (by: Operator) => void sealedBy.push(by) })
  const status = {
    initialized: true,
    sealed: false,
    kind: 'shamir',
    threshold: 1,
    shares: 1,
    progress: 0,
    nonce: '',
  }
  const gate = createWorkerGate(createPeer<PrimaryMethods>(over(port1), {}), {}, status)
  const grants = { policies: ['admin'], roles: [] }
  const by = { actor: 'local:a', via: 'vault', request: 'r', address: '192.0.2.1', grants }
  // As callers of a dialect have it: with a function, which no channel carries.
  await gate.seal({ ...by, token: 't', refuses: () => false })
  expect(sealedBy).toEqual([{ ...by, token: 't' }])
})
