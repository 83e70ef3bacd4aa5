import type { Logger } from "pino"

import type { SlotLease } from "../network/slot-lease.ts"
import type { Machine } from "./machine.ts"

/** What a sandbox holds of its host in this process: its machine while it runs, and its slot until that is given back */
export class Holdings {
  machine: Machine | undefined
  /** Outlives the machine when its network could not be removed at first */
  slot: SlotLease | undefined
  readonly #logger: Logger

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /**
   * Frees all of it. May be repeated until it succeeds: giving a lease back again is safe, by its number it would not be.
   *
   * @param removeLeftovers Removes what the record names, whoever made it
   */
  async free(removeLeftovers: () => Promise<void>): Promise<void> {
    try {
      await this.machine?.[Symbol.asyncDispose]()
    } catch (error) {
      this.#logger.error({ err: error }, "clean-up failed, trying again from the record")
    }
    await removeLeftovers()
    await this.slot?.release()
    this.slot = undefined
    // A VMM that would not end has kept the rest of its machine, capacity above all; by now it is gone.
    await this.machine?.[Symbol.asyncDispose]()
    this.machine = undefined
  }
}
