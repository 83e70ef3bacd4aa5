import { EXEC_STREAM_MESSAGE_BYTES_MAX, type ExecStreamServerMessage } from "@thaw/api"
import { PlatformError } from "@thaw/model"
import type { WebSocket } from "ws"

/** Bytes that may wait in this process for a client to read them */
const SEND_BUFFER_BYTES_MAX = 256 * 1024
const PING_INTERVAL_MS = 20_000
const PINGS_UNANSWERED_MAX = 2

/**
 * A WebSocket with bounds in both directions: `send` waits for a client that reads slowly, and nothing is read from the client while its
 * messages wait here.
 */
export class ExecSocket implements AsyncIterable<string>, Disposable {
  readonly #socket: WebSocket
  readonly #messages: string[] = []
  readonly #closed = new AbortController()
  readonly #pinger: NodeJS.Timeout
  #wake = Promise.withResolvers<void>()
  #failure: PlatformError | undefined
  #pingsUnanswered = 0
  #isClosing = false

  constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on("message", (data: Buffer, isBinary) => {
      // What still comes must not pause the socket again: the answer to the close is behind it.
      if (this.#isClosing) return
      if (isBinary) this.#failure ??= new PlatformError("invalid_argument", "messages are text, not binary")
      else if (data.length > EXEC_STREAM_MESSAGE_BYTES_MAX) this.#failure ??= tooLarge()
      else this.#messages.push(data.toString("utf8"))
      socket.pause()
      this.#wake.resolve()
    })
    socket.on("close", () => {
      clearInterval(this.#pinger)
      this.#closed.abort(new PlatformError("canceled", "the client went away"))
      this.#wake.resolve()
    })
    socket.on("pong", () => {
      this.#pingsUnanswered = 0
    })
    this.#pinger = setInterval(() => this.#ping(), PING_INTERVAL_MS)
  }

  /** Aborted when the connection is closed, by whomever */
  get closed(): AbortSignal {
    return this.#closed.signal
  }

  /** Gives each message of the client; the next is read when the one before is done with */
  async *[Symbol.asyncIterator](): AsyncGenerator<string, void, undefined> {
    for (;;) {
      const message = this.#messages.shift()
      if (message !== undefined) yield message
      else if (this.#failure !== undefined) throw this.#failure
      else if (this.#closed.signal.aborted) throw this.#closed.signal.reason
      else {
        this.#wake = Promise.withResolvers()
        this.#socket.resume()
        await this.#wake.promise
      }
    }
  }

  /** Resolves when little enough is left to be read by the client, or the connection is closed */
  async send(message: ExecStreamServerMessage): Promise<void> {
    if (this.#socket.readyState !== this.#socket.OPEN) return
    const flushed = Promise.withResolvers<void>()
    this.#socket.send(JSON.stringify(message), () => flushed.resolve())
    if (this.#socket.bufferedAmount > SEND_BUFFER_BYTES_MAX) await flushed.promise
  }

  /** Closes the connection. A client that does not answer is cut off by `ws` after 30 s. */
  close(code: number, reason: string): void {
    this.#isClosing = true
    this.#socket.resume()
    this.#socket.close(code, reason)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#pinger)
    this.#socket.resume()
  }

  /** Finds a client that is gone without a word. One that does not read, or is not read from, cannot answer and is no proof. */
  #ping(): void {
    const canAnswer = !this.#socket.isPaused && this.#socket.bufferedAmount === 0
    if (canAnswer && this.#pingsUnanswered >= PINGS_UNANSWERED_MAX) {
      this.#socket.terminate()
      return
    }
    this.#pingsUnanswered = canAnswer ? this.#pingsUnanswered + 1 : 0
    // The write itself finds a peer whose host refuses it.
    this.#socket.ping()
  }
}

function tooLarge(): PlatformError {
  return new PlatformError(
    "payload_too_large",
    `a message may have at most ${EXEC_STREAM_MESSAGE_BYTES_MAX} bytes`,
  )
}
