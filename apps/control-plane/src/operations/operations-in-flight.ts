/**
 * The sandboxes that operations of this process are at work on just now.
 *
 * What database and host say about such a sandbox may differ for good reasons, so the sync leaves it alone until its operations have ended.
 */
export class OperationsInFlight {
  readonly #counts = new Map<string, number>()
  readonly #promises = new Set<Promise<unknown>>()
  readonly #listeners: ((id: string) => void)[] = []

  has(id: string): boolean {
    return this.#counts.has(id)
  }

  /** Calls `listener` with a sandbox's id whenever the last operation on it has ended */
  onSettled(listener: (id: string) => void): void {
    this.#listeners.push(listener)
  }

  /** Runs an operation on a sandbox, not tied to whoever waits for its result */
  async run<T>(id: string, operation: () => Promise<T>): Promise<T> {
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1)
    const promise = operation().finally(() => this.#settle(id))
    this.#promises.add(promise)
    try {
      return await promise
    } finally {
      this.#promises.delete(promise)
    }
  }

  /** Resolves when every operation under way has ended, well or not */
  async drained(): Promise<void> {
    await Promise.allSettled(this.#promises)
  }

  #settle(id: string): void {
    const left = (this.#counts.get(id) ?? 1) - 1
    if (left > 0) {
      this.#counts.set(id, left)
      return
    }
    this.#counts.delete(id)
    for (const listener of this.#listeners) listener(id)
  }
}
