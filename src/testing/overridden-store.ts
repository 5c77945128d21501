import type { Store } from '../core/ports/store.ts'

/** The store, with some of its methods replaced. */
export const overriddenStore = (store: Store, replaced: Partial<Store>): Store => ({
  description: store.description,
  current: (...asked) => store.current(...asked),
  head: (...asked) => store.head(...asked),
  read: (work) => store.read(work),
  write: (work) => store.write(work),
  lease: (...asked) => store.lease(...asked),
  scrub: () => store.scrub(),
  close: () => store.close(),
  ...replaced,
})
