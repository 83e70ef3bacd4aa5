/**
 * What a client sends, on its way into a call to the host agent.
 *
 * A failure ends it and is kept, so that it can be told from a failure of the call itself, which ends the iteration too.
 */
export class FallibleSource<T> implements AsyncIterable<T> {
  hasFailed = false
  failure: unknown
  readonly #source: AsyncIterable<T>

  constructor(source: AsyncIterable<T>) {
    this.#source = source
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    try {
      for await (const item of this.#source) yield item
    } catch (error) {
      this.hasFailed = true
      this.failure = error
    }
  }
}
