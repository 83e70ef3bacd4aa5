/**
 * What a client sends, on its way into a call to the host agent.
 *
 * When it fails, the call is aborted first: the end of a request stream would mean that all of it has come. `failure` then tells this from
 * a failure of the call itself, which ends the stream too.
 */
export class FallibleSource<T> implements AsyncIterable<T> {
  failure: unknown
  readonly #source: AsyncIterable<T>
  readonly #call: AbortController

  constructor(source: AsyncIterable<T>, call: AbortController) {
    this.#source = source
    this.#call = call
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    try {
      for await (const item of this.#source) yield item
    } catch (error) {
      this.failure = error
      this.#call.abort(error)
      throw error
    }
  }
}
