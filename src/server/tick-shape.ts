import { createHook } from 'node:async_hooks'

/**
 * What `process.nextTick` makes for one call, to be kept for as long as ticks should be quick.
 *
 * V8 remembers weakly what such objects look like. A collection of all memory that finds none alive
 * forgets it, and from then on each call takes five times as long: V8's runtime writes the members with
 * computed names one by one. A request makes four such calls (docs/adr/0040).
 */
export function tickShape(): object | undefined {
  let tick: object | undefined
  const hook = createHook({
    init(_id, type, _trigger, resource) {
      if (type === 'TickObject') tick = resource
    },
    // Otherwise V8 would be slower with every promise from now on, also when the hook is gone.
    trackPromises: false,
  })
  hook.enable()
  process.nextTick(() => {})
  hook.disable()
  return tick
}
