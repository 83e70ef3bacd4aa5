/** Applies one thing at a time; a failure is its caller's, not the next one's */
export class TaskQueue {
  #last: Promise<unknown> = Promise.resolve()
  readonly #onBackgroundError: (error: unknown) => void

  /** @param onBackgroundError Told of failures that nobody waits for */
  constructor(onBackgroundError: (error: unknown) => void) {
    this.#onBackgroundError = onBackgroundError
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(task)
    this.#last = turn.catch(() => undefined)
    return await turn
  }

  /** Puts work that nobody waits for into the queue */
  background(task: () => Promise<void>): void {
    this.run(task).catch(this.#onBackgroundError)
  }
}
