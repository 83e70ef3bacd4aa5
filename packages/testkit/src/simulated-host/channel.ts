/** Queue between one writer and one reader; a writer waits while `capacity` items are unread */
export class Channel<T> implements AsyncIterable<T> {
  readonly #capacity: number
  readonly #items: T[] = []
  #closed = false
  #wake = Promise.withResolvers<void>()

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** Resolves when there was room; what comes after `close` is dropped */
  async push(item: T): Promise<void> {
    while (!this.#closed && this.#items.length >= this.#capacity) await this.#wake.promise
    if (this.#closed) return
    this.#items.push(item)
    this.#signal()
  }

  close(): void {
    this.#closed = true
    this.#signal()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const item = this.#items.shift()
      if (item !== undefined) {
        this.#signal()
        yield item
      } else if (this.#closed) return
      else await this.#wake.promise
    }
  }

  #signal(): void {
    this.#wake.resolve()
    this.#wake = Promise.withResolvers()
  }
}
