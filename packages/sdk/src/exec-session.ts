import { PlatformError } from "@thaw/model"
import type { WebSocket } from "ws"

import { parseExecMessage, type ExecEvent } from "./exec-message.ts"

/** Messages held for a slow reader before the connection is paused, which in the end slows the command down */
const QUEUE_LENGTH_MAX = 64

/** What a session needs of a WebSocket */
export type ExecSocket = Pick<WebSocket, "on" | "send" | "close" | "pause" | "resume">

/**
 * A command that runs in a sandbox, and its streams.
 *
 * Read `events()` to the end; a reader that is slow slows the command. Closing before the exit ends the command when it was started with
 * `kill_on_disconnect`, and else only lets go of it.
 */
export class ExecSession implements AsyncDisposable {
  readonly #socket: ExecSocket
  readonly #queue: string[] = []
  #closed: PlatformError | undefined
  #wake: (() => void) | undefined

  /** @param socket An open socket on which nothing has been received */
  constructor(socket: ExecSocket) {
    this.#socket = socket
    socket.on("message", (data: Buffer) => this.#receive(data.toString()))
    socket.on("error", (error) => this.#end(lost(error)))
    socket.on("close", (code, reason) => this.#end(lost(`close code ${code} ${reason.toString()}`.trim())))
  }

  /**
   * Everything that happens to the command, ending with its exit.
   *
   * @throws {PlatformError} an error the server sent; `unavailable` when the connection ends before the command
   */
  async *events(): AsyncGenerator<ExecEvent, void, undefined> {
    for (;;) {
      const text = await this.#next()
      const event = parseExecMessage(text)
      yield event
      if (event.type === "exit") return
    }
  }

  /** Sends bytes to standard input; resolves when the connection has taken them */
  writeStdin(data: Uint8Array): Promise<void> {
    return this.#send({ type: "stdin", data: Buffer.from(data).toString("base64") })
  }

  closeStdin(): Promise<void> {
    return this.#send({ type: "close_stdin" })
  }

  /** Signals the command's process group */
  signal(signal: string | number): Promise<void> {
    return this.#send({ type: "signal", signal })
  }

  resize(size: { cols: number; rows: number }): Promise<void> {
    return this.#send({ type: "resize", ...size })
  }

  /** Ends the connection; idempotent */
  close(): void {
    this.#socket.resume()
    this.#socket.close()
    this.#end(lost("closed here"))
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close()
    return Promise.resolve()
  }

  #receive(text: string): void {
    this.#queue.push(text)
    if (this.#queue.length >= QUEUE_LENGTH_MAX) this.#socket.pause()
    this.#wake?.()
  }

  #end(error: PlatformError): void {
    this.#closed ??= error
    this.#wake?.()
  }

  /** The next message; what came before the end of the connection is still delivered */
  async #next(): Promise<string> {
    for (;;) {
      const text = this.#queue.shift()
      if (text !== undefined) {
        if (this.#queue.length === 0) this.#socket.resume()
        return text
      }
      if (this.#closed !== undefined) throw this.#closed
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await promise
    }
  }

  #send(message: object): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#socket.send(JSON.stringify(message), (error) => {
      if (error === undefined || error === null) resolve()
      else reject(lost(error))
    })
    return promise
  }
}

function lost(cause: unknown): PlatformError {
  return new PlatformError("unavailable", "the connection to the command was lost", { cause })
}
