import { Writable } from 'node:stream'
import { sinkContract } from '../../testing/sink-contract.ts'
import { stdoutSink } from './stdout.ts'

sinkContract('stdout', () => {
  let text = ''
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      text += String(chunk)
      done()
    },
  })
  return {
    open: () => stdoutSink({ stream }),
    held: async () => text.split('\n').slice(0, -1),
    breakIt: () => void stream.destroy(),
  }
})
