import { LIMITS } from "@thaw/model"

import type { GuestExec } from "../guest/guest-exec.ts"

/**
 * Input on its way to a process that may not be reading, so that what comes after it (a signal, most of all) need not wait.
 *
 * Holds up to `LIMITS.stdinBytesMax`; more makes the writer wait.
 */
export class InputQueue {
  readonly #exec: Pick<GuestExec, "writeStdin" | "closeStdin">
  #tail: Promise<void> = Promise.resolve()
  #bytes = 0

  constructor(exec: Pick<GuestExec, "writeStdin" | "closeStdin">) {
    this.#exec = exec
  }

  /** Queues input; raises what an earlier write failed with, once there is no room left */
  async write(data: Uint8Array): Promise<void> {
    this.#bytes += data.length
    this.#append(async () => {
      await this.#exec.writeStdin(data)
      this.#bytes -= data.length
    })
    if (this.#bytes > LIMITS.stdinBytesMax) await this.#tail
  }

  /** Closes the process's input after what is queued */
  close(): void {
    this.#append(async () => await this.#exec.closeStdin())
  }

  /** Waits until all is sent; raises what failed */
  async drained(): Promise<void> {
    await this.#tail
  }

  #append(work: () => Promise<void>): void {
    this.#tail = this.#tail.then(work)
    this.#tail.catch(() => undefined)
  }
}
