/** Lets those who want the same thing have it one after the other, in the order in which they came */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  /** Runs `work` when everyone who came before for `key` is done, well or not */
  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key)
    const turn = before === undefined ? work() : before.then(work, work)
    this.#last.set(key, turn)
    try {
      return await turn
    } finally {
      if (this.#last.get(key) === turn) this.#last.delete(key)
    }
  }
}
