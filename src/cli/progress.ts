import type { Progress } from '../core/ports/platform.ts'
import { safeText } from './safe-text.ts'
import type { OutputStream } from './world.ts'

const CELLS = 24
const DRAW_EVERY_MS = 80

/** A bar that redraws itself at most every 80 ms and ends its line when the work is done. */
export function progressBar(title: string, stream: OutputStream, now: () => number): Progress {
  let drawnAt = -Infinity
  let finished = false
  return (done, total) => {
    const last = total > 0 && done >= total
    if (finished || (!last && now() - drawnAt < DRAW_EVERY_MS)) return
    drawnAt = now()
    finished = last
    const share = total > 0 ? Math.min(1, done / total) : 0
    const filled = Math.round(share * CELLS)
    const bar = '█'.repeat(filled) + '░'.repeat(CELLS - filled)
    const text = `${safeText(title)} ${bar} ${Math.floor(share * 100)}% (${done}/${total})`
    stream.write(`\r\x1b[K${text}${last ? '\n' : ''}`)
  }
}
