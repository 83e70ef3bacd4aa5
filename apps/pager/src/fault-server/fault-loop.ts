import { PollSet } from "@thaw/linux"

/** Something that has work at a time of its own choosing, beside its descriptors */
export interface Stepper {
  /** As `performance.now()` counts; `Infinity`: none */
  readonly nextStepAtMs: number
  /** Does a little of its work; called when `nextStepAtMs` has come */
  step(): void
}

interface Handler {
  readonly onReadable: () => void
  readonly onError: (() => void) | undefined
  readonly sinceTurn: number
}

/** The one wait of a worker thread: for many descriptors and for points in time */
export class FaultLoop {
  readonly #polls = new PollSet()
  readonly #handlers = new Map<number, Handler>()
  readonly #steppers = new Set<Stepper>()
  #turn = 0
  #isStopped = false

  /**
   * Calls `onReadable` whenever the descriptor can be read or its other end is gone.
   *
   * @param onError Called instead when the descriptor is in error
   */
  watch(fd: number, onReadable: () => void, onError?: () => void): void {
    this.#polls.add(fd)
    this.#handlers.set(fd, { onReadable, onError, sinceTurn: this.#turn })
  }

  /** To be called before the descriptor is closed; one that is not watched is fine */
  unwatch(fd: number): void {
    this.#polls.remove(fd)
    this.#handlers.delete(fd)
  }

  addStepper(stepper: Stepper): void {
    this.#steppers.add(stepper)
  }

  removeStepper(stepper: Stepper): void {
    this.#steppers.delete(stepper)
  }

  /** Goes on until one of those it calls stops it */
  run(): void {
    while (!this.#isStopped) this.turn()
  }

  stop(): void {
    this.#isStopped = true
  }

  /** Waits once, calls who has something to read, then who has a step to do */
  turn(): void {
    const readable = this.#polls.wait(this.#timeoutMs())
    this.#turn++
    for (const fd of readable) {
      // A handler may close what another descriptor of the same wait belongs to, and open another of the same number.
      const handler = this.#handlers.get(fd)
      if (handler === undefined || handler.sinceTurn >= this.#turn) continue
      if (handler.onError !== undefined && this.#polls.isInError(fd)) handler.onError()
      else handler.onReadable()
    }
    const nowMs = performance.now()
    for (const stepper of this.#steppers) if (stepper.nextStepAtMs <= nowMs) stepper.step()
  }

  #timeoutMs(): number {
    let nextMs = Infinity
    for (const { nextStepAtMs } of this.#steppers) nextMs = Math.min(nextMs, nextStepAtMs)
    if (nextMs === Infinity) return -1
    return Math.max(0, Math.min(2 ** 31 - 1, Math.ceil(nextMs - performance.now())))
  }
}
