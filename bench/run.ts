/**
 * Runs the benchmarks named on the command line, or all, and prints one row per promise:
 * `npm run bench`, `npm run bench -- write start`.
 */
import { report } from './measure.ts'
import type { Row } from './measure.ts'

const BENCHES: Readonly<Record<string, () => Promise<{ measure: () => Promise<Row[]> }>>> = {
  start: () => import('./start.ts'),
  read: () => import('./read.ts'),
  'audited-reads': () => import('./audited-reads.ts'),
  write: () => import('./write.ts'),
  rewrap: () => import('./rewrap.ts'),
  check: () => import('./check.ts'),
  providers: () => import('./providers.ts'),
  scale: () => import('./scale.ts'),
  server: () => import('./server.ts'),
  sync: () => import('./sync.ts'),
  soak: () => import('./soak.ts'),
}

/** Takes minutes by itself: only when it is asked for. */
const LONG = 'soak'

const asked = process.argv.slice(2)
const usual = Object.keys(BENCHES).filter((name) => name !== LONG)
for (const name of asked.length > 0 ? asked : usual) {
  const bench = BENCHES[name]
  if (bench === undefined)
    throw new Error(`There is no benchmark ${name}: ${Object.keys(BENCHES).join(', ')}`)
  const { measure } = await bench()
  report(await measure())
}
