import { PlatformError } from "@thaw/model"

/**
 * The snapshot templates that this process is making or deleting just now.
 *
 * Whoever mirrors what the host lists must leave these alone, and those that were such at any time since the host was asked.
 */
export class NamesInFlight {
  readonly #busy = new Set<string>()
  readonly #observers = new Set<Set<string>>()

  /** Holds a name until disposed. Raises `wrong_state` when it is held already: whoever asks twice at once has made a mistake. */
  acquire(name: string): Disposable {
    if (this.#busy.has(name)) {
      throw new PlatformError(
        "wrong_state",
        `snapshot "${name}" is being made or deleted just now; try again`,
      )
    }
    this.#busy.add(name)
    for (const names of this.#observers) names.add(name)
    return { [Symbol.dispose]: () => void this.#busy.delete(name) }
  }

  /** Gathers every name that is held now, or comes to be held until the observation is disposed */
  observe(): { readonly names: ReadonlySet<string> } & Disposable {
    const names = new Set(this.#busy)
    this.#observers.add(names)
    return { names, [Symbol.dispose]: () => void this.#observers.delete(names) }
  }
}
