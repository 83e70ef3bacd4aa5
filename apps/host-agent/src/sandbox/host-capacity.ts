import { LIMITS, PlatformError, type HostCapacity } from "@thaw/model"

/** Counts what sandboxes take of the host, so that no more are let in than it can carry */
export class HostCapacityLedger {
  readonly capacity: HostCapacity
  #sandboxes = 0
  #memoryMib = 0

  constructor(capacity: HostCapacity) {
    this.capacity = capacity
  }

  get sandboxesRunning(): number {
    return this.#sandboxes
  }

  get memoryMibUsed(): number {
    return this.#memoryMib
  }

  /** Takes room for one sandbox until the lease is disposed. Raises `capacity_exhausted`. */
  reserve(memoryMib: number): Disposable {
    const neededMib = memoryMib + LIMITS.vmmOverheadMib
    const freeMib = this.capacity.memoryMibMax - this.#memoryMib
    if (this.#sandboxes >= this.capacity.sandboxesMax) {
      throw new PlatformError(
        "capacity_exhausted",
        `the host has ${this.#sandboxes} sandboxes, at most ${this.capacity.sandboxesMax} are allowed`,
      )
    }
    if (neededMib > freeMib && this.#sandboxes > 0) {
      throw new PlatformError(
        "capacity_exhausted",
        `the host has ${freeMib} MiB of memory left, ${neededMib} MiB are needed`,
        { details: { free_mib: freeMib, needed_mib: neededMib } },
      )
    }
    return this.take(memoryMib)
  }

  /** Counts a sandbox that is there already, whatever the limits say */
  take(memoryMib: number): Disposable {
    const neededMib = memoryMib + LIMITS.vmmOverheadMib
    this.#sandboxes += 1
    this.#memoryMib += neededMib
    let held = true
    return {
      [Symbol.dispose]: () => {
        if (!held) return
        held = false
        this.#sandboxes -= 1
        this.#memoryMib -= neededMib
      },
    }
  }
}
