import { setImmediate as nextTurn } from "node:timers/promises"

import { PlatformError } from "@thaw/model"

import { unexpectedFrame, type GuestConnection } from "./guest-connection.ts"
import { decodeExit, decodeU32, type GuestExit } from "./protocol/answer.ts"
import { FRAME } from "./protocol/frame.ts"
import { PayloadWriter } from "./protocol/payload-writer.ts"
import type { PtySize } from "./protocol/request.ts"

export type GuestExecEvent =
  | { readonly type: "stdout" | "stderr"; readonly data: Buffer }
  | { readonly type: "exit"; readonly exit: GuestExit }

/** Bytes of stdin that may be on their way, not yet taken by the process */
const STDIN_WINDOW_BYTES = 256 * 1024
const STDIN_FRAME_BYTES = 64 * 1024

/** A process running in the guest. Disposing drops the connection, which ends the process if it was asked to. */
export class GuestExec implements Disposable {
  readonly pid: number
  readonly #connection: GuestConnection
  #windowBytes = STDIN_WINDOW_BYTES
  #windowOpened = Promise.withResolvers<void>()
  #over = false

  private constructor(connection: GuestConnection, pid: number) {
    this.#connection = connection
    this.pid = pid
  }

  /** Waits until the guest agent has started the process */
  static async started(connection: GuestConnection): Promise<GuestExec> {
    return new GuestExec(connection, decodeU32(await connection.expect(FRAME.started)))
  }

  /** Output as it comes, then the exit. Reading slowly slows the process down. To be iterated once. */
  async *events(): AsyncGenerator<GuestExecEvent> {
    try {
      for (;;) {
        const frame = await this.#connection.receive()
        switch (frame.type) {
          case FRAME.stdout:
            yield { type: "stdout", data: frame.payload }
            break
          case FRAME.stderr:
            yield { type: "stderr", data: frame.payload }
            break
          case FRAME.stdinConsumed:
            this.#openWindow(decodeU32(frame.payload))
            break
          case FRAME.exit:
            yield { type: "exit", exit: decodeExit(frame.payload) }
            return
          default:
            throw unexpectedFrame(frame)
        }
      }
    } finally {
      this.#over = true
      this.#openWindow(0)
    }
  }

  /**
   * Sends input; resolves when all of it is on its way, which needs someone to iterate `events`.
   *
   * Input for a process that has ended is dropped.
   */
  async writeStdin(data: Uint8Array): Promise<void> {
    let rest = data
    while (rest.length > 0 && !this.#over) {
      const length = Math.min(rest.length, this.#windowBytes, STDIN_FRAME_BYTES)
      if (length === 0) {
        await this.#windowOpened.promise
        continue
      }
      this.#windowBytes -= length
      await this.#sendWhileRunning(FRAME.stdin, rest.subarray(0, length))
      rest = rest.subarray(length)
    }
  }

  async closeStdin(): Promise<void> {
    await this.#sendWhileRunning(FRAME.closeStdin)
  }

  /**
   * Signals the process group.
   *
   * @param signalNumber 1 to 64; anything else raises `invalid_argument`
   */
  async signal(signalNumber: number): Promise<void> {
    if (!Number.isInteger(signalNumber) || signalNumber < 1 || signalNumber > 64) {
      throw new PlatformError("invalid_argument", `signal must be 1 to 64, got ${signalNumber}`)
    }
    await this.#sendWhileRunning(FRAME.signal, new PayloadWriter().i32(signalNumber).finish())
  }

  async resize(size: PtySize): Promise<void> {
    await this.#sendWhileRunning(FRAME.resize, new PayloadWriter().u16(size.cols).u16(size.rows).finish())
  }

  [Symbol.dispose](): void {
    this.#over = true
    this.#openWindow(0)
    this.#connection[Symbol.dispose]()
  }

  #openWindow(bytes: number): void {
    this.#windowBytes += bytes
    this.#windowOpened.resolve()
    this.#windowOpened = Promise.withResolvers<void>()
  }

  /** A process may end while something is sent to it; that is no error of the sender */
  async #sendWhileRunning(type: number, payload?: Uint8Array): Promise<void> {
    if (this.#over) return
    try {
      await this.#connection.send(type, payload)
    } catch (error) {
      // The exit may have arrived together with the end of the connection: let its reader see it first.
      await nextTurn()
      if (!this.#over) throw error
    }
  }
}
