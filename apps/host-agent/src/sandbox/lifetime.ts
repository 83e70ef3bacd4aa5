import { armDeadline } from "./deadline.ts"

/** How far the end must have moved before it is told again: a part of the timeout, and at least this */
const MOVE_MS_MIN = 1_000
const MOVE_PART = 20

export interface LifetimeOptions {
  /** Without activity; 0: no limit */
  readonly timeoutSec: number
  /** Called once, when nothing has happened for that long */
  readonly onOver: () => void
  /** Called when the end has moved by a part of the timeout that is worth telling */
  readonly onMoved: () => void
}

/** How long a sandbox lives: counted from its last activity, and never while one goes on */
export class Lifetime implements Disposable {
  readonly #options: LifetimeOptions
  #timeoutMs: number
  #lastActivityMs = Date.now()
  #toldMs = Date.now()
  #held = 0
  #deadline: Disposable | undefined

  constructor(options: LifetimeOptions) {
    this.#options = options
    this.#timeoutMs = options.timeoutSec * 1000
    this.#arm()
  }

  /** When the sandbox's time is over unless something happens, Unix time in ms; 0: never */
  get expiresAtMs(): number {
    if (this.#timeoutMs === 0) return 0
    return (this.#held > 0 ? Date.now() : this.#lastActivityMs) + this.#timeoutMs
  }

  /** Counts from now on */
  touch(): void {
    this.#lastActivityMs = Date.now()
    const movedMs = this.#lastActivityMs - this.#toldMs
    if (this.#timeoutMs === 0 || movedMs < Math.max(MOVE_MS_MIN, this.#timeoutMs / MOVE_PART)) return
    this.#toldMs = this.#lastActivityMs
    this.#options.onMoved()
  }

  /** An activity that goes on until it is disposed */
  hold(): Disposable {
    this.#held += 1
    this.touch()
    let isHeld = true
    return {
      [Symbol.dispose]: () => {
        if (!isHeld) return
        isHeld = false
        this.#held -= 1
        this.touch()
      },
    }
  }

  /** Counts from now on to another end; what goes on is still held */
  restart(timeoutSec: number): void {
    this.#timeoutMs = timeoutSec * 1000
    this.touch()
    this.#arm()
  }

  /** Whether it is over now. When something has happened since that was told, it is not, and will be told again. */
  confirmOver(): boolean {
    if (this.#held > 0) this.touch()
    const isOver = this.#timeoutMs > 0 && this.expiresAtMs <= Date.now()
    if (!isOver) this.#arm()
    return isOver
  }

  [Symbol.dispose](): void {
    this.#deadline?.[Symbol.dispose]()
  }

  #arm(): void {
    this.#deadline?.[Symbol.dispose]()
    if (this.#timeoutMs === 0) return
    this.#deadline = armDeadline(this.expiresAtMs, () => {
      if (this.confirmOver()) this.#options.onOver()
    })
  }
}
