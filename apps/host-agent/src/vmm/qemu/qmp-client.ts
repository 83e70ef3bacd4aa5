import { EventEmitter, once } from "node:events"
import { createConnection, type Socket } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"

/** A QMP command that QEMU refused */
export class QmpError extends Error {
  override readonly name = "QmpError"
}

export interface QmpEvent {
  readonly event: string
  readonly data?: Readonly<Record<string, unknown>>
}

interface QmpMessage extends Partial<QmpEvent> {
  readonly QMP?: unknown
  readonly id?: number
  readonly return?: unknown
  readonly error?: { readonly class: string; readonly desc: string }
}

interface QmpClientEvents {
  event: [QmpEvent]
  close: []
}

/** The console's 64 KiB, escaped, is the longest there is */
const LINE_LENGTH_MAX = 1024 * 1024
const CONNECT_RETRY_MS = 1
const COMMAND_TIMEOUT_MS = 10_000

/**
 * One connection to QEMU's monitor (QMP, https://www.qemu.org/docs/master/interop/qmp-spec.html).
 *
 * Emits `event` for what QEMU reports and `close` once when the connection ends, which QEMU's death is.
 */
export class QmpClient extends EventEmitter<QmpClientEvents> implements Disposable {
  readonly #socket: Socket
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  readonly #greeting = Promise.withResolvers<void>()
  #nextId = 1
  #unread = ""

  private constructor(socket: Socket) {
    super()
    this.#socket = socket
    this.#greeting.promise.catch(() => undefined)
    socket.on("error", () => undefined)
    socket.setEncoding("utf8")
    socket.on("data", (text: string) => this.#onData(text))
    socket.on("close", () => this.#onClose())
  }

  /**
   * Connects and negotiates, waiting for a QEMU that is just starting to open its socket.
   *
   * @throws {Error} when the socket does not answer within `timeoutMs`
   */
  static async connect(
    path: string,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<QmpClient> {
    const timeout = AbortSignal.timeout(options.timeoutMs)
    const deadline = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout])
    for (;;) {
      const client = new QmpClient(createConnection(path))
      try {
        await client.#negotiate(deadline)
        return client
      } catch (error) {
        client[Symbol.dispose]()
        if (deadline.aborted) throw new Error(`QEMU does not answer at "${path}"`, { cause: error })
      }
      await sleep(CONNECT_RETRY_MS)
    }
  }

  /**
   * Runs a command and returns what it returns.
   *
   * @throws {QmpError} when QEMU refuses it, does not answer in time, or ends
   */
  async execute(
    command: string,
    parameters: Readonly<Record<string, unknown>> = {},
    options: { readonly timeoutMs?: number } = {},
  ): Promise<unknown> {
    const timeoutMs = options.timeoutMs ?? COMMAND_TIMEOUT_MS
    const id = this.#nextId++
    const answer = Promise.withResolvers<unknown>()
    if (this.#socket.destroyed) throw new QmpError(`QMP command "${command}" on a closed connection`)
    this.#waiting.set(id, answer)
    const timer = setTimeout(
      () => answer.reject(new QmpError(`QMP command "${command}" had no answer in ${timeoutMs} ms`)),
      timeoutMs,
    )
    try {
      this.#socket.write(`${JSON.stringify({ execute: command, arguments: parameters, id })}\n`)
      return await answer.promise
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(id)
    }
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }

  async #negotiate(signal: AbortSignal): Promise<void> {
    await once(this.#socket, "connect", { signal })
    const aborted = Promise.withResolvers<never>()
    const onAbort = () => aborted.reject(signal.reason)
    signal.addEventListener("abort", onAbort, { once: true })
    try {
      await Promise.race([this.#greeting.promise, aborted.promise])
      await Promise.race([this.execute("qmp_capabilities"), aborted.promise])
    } finally {
      signal.removeEventListener("abort", onAbort)
    }
  }

  #onData(text: string): void {
    const lines = (this.#unread + text).split("\n")
    this.#unread = lines.pop() ?? ""
    try {
      if (this.#unread.length > LINE_LENGTH_MAX) throw new SyntaxError("a line is too long")
      for (const line of lines) this.#onMessage(JSON.parse(line) as QmpMessage)
    } catch {
      // A QEMU that does not speak its protocol is no longer the VMM that was started.
      this.#socket.destroy()
    }
  }

  #onMessage(message: QmpMessage): void {
    if (message.QMP !== undefined) this.#greeting.resolve()
    if (message.event !== undefined) this.emit("event", message as QmpEvent)
    const waiting = message.id === undefined ? undefined : this.#waiting.get(message.id)
    if (message.error !== undefined) waiting?.reject(new QmpError(message.error.desc))
    else waiting?.resolve(message.return)
  }

  #onClose(): void {
    const error = new QmpError("QEMU closed its monitor")
    this.#greeting.reject(error)
    for (const waiting of this.#waiting.values()) waiting.reject(error)
    this.emit("close")
  }
}
