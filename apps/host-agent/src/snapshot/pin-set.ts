/** All that was pinned at any moment since the window was opened. Disposing closes it. */
export interface PinWindow extends Disposable {
  readonly seen: ReadonlySet<string>
}

/** Things in use that nothing durable names yet, or whose name may be on the move; counted */
export class PinSet {
  readonly #counts = new Map<string, number>()
  readonly #windows = new Set<Set<string>>()
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>()

  /** Keeps `id` until the result is disposed */
  pin(id: string): Disposable {
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1)
    for (const window of this.#windows) window.add(id)
    let isHeld = true
    return {
      [Symbol.dispose]: () => {
        if (isHeld) this.#release(id)
        isHeld = false
      },
    }
  }

  /**
   * Watches what is pinned. What is handed over from a pin to a durable name is seen by whoever opens a window first and
   * reads the names after that.
   */
  watch(): PinWindow {
    const seen = new Set(this.#counts.keys())
    this.#windows.add(seen)
    return { seen, [Symbol.dispose]: () => this.#windows.delete(seen) }
  }

  /** Resolves at once when nobody pins `id`, else when the last pin goes */
  async whenFree(id: string): Promise<void> {
    if (!this.#counts.has(id)) return
    const waiting = this.#waiting.get(id) ?? Promise.withResolvers<void>()
    this.#waiting.set(id, waiting)
    await waiting.promise
  }

  #release(id: string): void {
    const count = (this.#counts.get(id) ?? 0) - 1
    if (count > 0) {
      this.#counts.set(id, count)
      return
    }
    this.#counts.delete(id)
    this.#waiting.get(id)?.resolve()
    this.#waiting.delete(id)
  }
}
