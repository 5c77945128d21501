import { setFlagsFromString } from 'node:v8'

/**
 * V8 looks through all of a server's memory whenever what outlived its request has grown by 8 MB,
 * and on one core requests wait meanwhile, up to 50 ms (docs/adr/0040). Here it waits until memory has
 * grown threefold, and no code puts what it makes among the old from the start, as V8 has some do.
 * Only with the room that `bin/coffer.js` gave: whoever chose another size needs the memory.
 */
export function lookThroughMemoryRarely(): void {
  if (!process.execArgv.includes('--max-semi-space-size=64')) return
  setFlagsFromString('--heap-growing-percent=200')
  setFlagsFromString('--no-allocation-site-pretenuring')
}
