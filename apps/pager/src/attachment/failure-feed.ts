/** A VM that the pager had to end */
export interface VmFailure {
  readonly id: string
  readonly reason: string
}

/** Tells watchers of failures: those that happened before they came, then each new one */
export class FailureFeed {
  readonly #watchers = new Set<(failure: VmFailure) => void>()

  get watcherCount(): number {
    return this.#watchers.size
  }

  publish(failure: VmFailure): void {
    for (const watcher of this.#watchers) watcher(failure)
  }

  /**
   * Yields failures until `signal` aborts. What waits for a slow reader is at most one failure per VM.
   *
   * @param known Failures that happened before
   */
  async *watch(known: readonly VmFailure[], signal: AbortSignal): AsyncGenerator<VmFailure> {
    const waiting = new Map(known.map((failure) => [failure.id, failure]))
    let wake = Promise.withResolvers<void>()
    const watcher = (failure: VmFailure) => {
      waiting.set(failure.id, failure)
      wake.resolve()
    }
    const onAbort = () => wake.resolve()
    this.#watchers.add(watcher)
    signal.addEventListener("abort", onAbort)
    try {
      while (!signal.aborted) {
        const [next] = waiting.values()
        if (next === undefined) {
          await wake.promise
          wake = Promise.withResolvers<void>()
          continue
        }
        waiting.delete(next.id)
        yield next
      }
    } finally {
      this.#watchers.delete(watcher)
      signal.removeEventListener("abort", onAbort)
    }
  }
}
