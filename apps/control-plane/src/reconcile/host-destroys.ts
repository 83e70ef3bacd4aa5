/** More than this are not ended at once: a host that tears down a hundred VMs has no time for anything else */
const AT_ONCE_MAX = 16

/**
 * Ends sandboxes on the host beside the comparisons: one that hangs holds up neither those nor the others.
 *
 * One that is waiting or under way is not started again, and one that failed is left to the next comparison.
 */
export class HostDestroys {
  readonly #waiting = new Map<string, () => Promise<void>>()
  readonly #running = new Map<string, Promise<void>>()

  has(id: string): boolean {
    return this.#waiting.has(id) || this.#running.has(id)
  }

  /** @param destroy Must not raise */
  start(id: string, destroy: () => Promise<void>): void {
    if (this.has(id)) return
    this.#waiting.set(id, destroy)
    this.#startNext()
  }

  /** Drops those that wait; resolves when those under way have ended */
  async close(): Promise<void> {
    this.#waiting.clear()
    await Promise.all(this.#running.values())
  }

  #startNext(): void {
    const next = this.#waiting.entries().next().value
    if (next === undefined || this.#running.size >= AT_ONCE_MAX) return
    const [id, destroy] = next
    this.#waiting.delete(id)
    const running = destroy().finally(() => {
      this.#running.delete(id)
      this.#startNext()
    })
    this.#running.set(id, running)
  }
}
