/**
 * Takes the audit log's lines elsewhere. When a composition requires a sink, an event counts as
 * durable only after the sink has acknowledged it (law 2).
 */
export interface Sink {
  readonly kind: string
  /** For messages; no credentials. */
  readonly description: string
  /**
   * Resolves when all lines are durable there, in order. Lines are the log's own JSON lines with
   * `seq` and `prev`; the same line may come again after a crash, and is recognised by its `seq`.
   * @throws CofferError `audit_unavailable`
   */
  append(lines: readonly string[], signal: AbortSignal): Promise<void>
  /** The greatest `seq` and generation it holds, where it can tell: an outside witness (law 6). */
  head?(): Promise<{ readonly seq: number; readonly generation: number } | undefined>
  close(): Promise<void>
}
