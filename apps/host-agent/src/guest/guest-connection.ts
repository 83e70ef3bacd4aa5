import { once } from "node:events"
import { createConnection, type Socket } from "node:net"

import { PlatformError } from "@thaw/model"

import { decodeError } from "./protocol/answer.ts"
import { FRAME, FrameDecoder, encodeFrame, encodePreamble, type Frame } from "./protocol/frame.ts"
import { MalformedPayloadError } from "./protocol/payload-reader.ts"
import { encodeRequest, type GuestRequest } from "./protocol/request.ts"

export interface GuestEndpoint {
  readonly host: string
  readonly port: number
  readonly token: Uint8Array
  readonly connectTimeoutMs: number
}

/** One operation with the guest agent: a request has been sent, frames go both ways. Disposing drops the connection. */
export class GuestConnection implements Disposable {
  readonly #socket: Socket
  readonly #frames: AsyncGenerator<Frame>

  private constructor(socket: Socket) {
    this.#socket = socket
    this.#frames = readFrames(socket)
  }

  /**
   * Connects and sends a request.
   *
   * @param request A function makes it once the guest has taken the connection
   * @param signal Its abort drops the connection, also later
   * @throws {PlatformError} `unavailable` when the guest agent cannot be reached
   */
  static async open(
    endpoint: GuestEndpoint,
    request: GuestRequest | (() => GuestRequest),
    signal: AbortSignal,
  ): Promise<GuestConnection> {
    const socket = createConnection({ host: endpoint.host, port: endpoint.port, noDelay: true })
    // The reader of the frames reports the failure; without a listener Node would end the process.
    socket.on("error", () => undefined)
    const drop = () => socket.destroy(unreachable(signal.reason))
    signal.addEventListener("abort", drop)
    socket.once("close", () => signal.removeEventListener("abort", drop))
    if (signal.aborted) drop()
    try {
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(endpoint.connectTimeoutMs)])
      await once(socket, "connect", { signal: deadline })
    } catch (error) {
      socket.destroy()
      throw unreachable(signal.aborted ? signal.reason : error)
    }
    const connection = new GuestConnection(socket)
    const made = typeof request === "function" ? request() : request
    const opening = [encodePreamble(endpoint.token), encodeFrame(FRAME.request, encodeRequest(made))]
    await connection.#write(Buffer.concat(opening))
    return connection
  }

  /** Sends a frame; resolves when the connection takes more */
  async send(type: number, payload?: Uint8Array): Promise<void> {
    await this.#write(encodeFrame(type, payload))
  }

  /**
   * Waits for the next frame.
   *
   * @throws {PlatformError} what an ERROR frame says, or `unavailable` when the connection ends before it should
   */
  async receive(): Promise<Frame> {
    const next = await this.#frames.next()
    if (next.done === true) throw unreachable(new Error("connection closed by the guest agent"))
    if (next.value.type === FRAME.error) throw decodeError(next.value.payload)
    return next.value
  }

  /** As `receive`, for an operation whose next frame can only be of one type */
  async expect(type: number): Promise<Buffer> {
    const frame = await this.receive()
    if (frame.type !== type) throw unexpectedFrame(frame)
    return frame.payload
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }

  async #write(bytes: Buffer): Promise<void> {
    if (this.#socket.destroyed) throw unreachable(this.#socket.errored)
    if (this.#socket.write(bytes)) return
    const settled = new AbortController()
    try {
      const { signal } = settled
      await Promise.race([once(this.#socket, "drain", { signal }), once(this.#socket, "close", { signal })])
    } catch (error) {
      throw unreachable(error)
    } finally {
      settled.abort()
    }
  }
}

/** A frame that the protocol does not allow at this point */
export function unexpectedFrame(frame: Frame): PlatformError {
  return new PlatformError("internal", "internal error", {
    internal: `guest agent sent frame 0x${frame.type.toString(16)} out of turn`,
  })
}

async function* readFrames(socket: Socket): AsyncGenerator<Frame> {
  const decoder = new FrameDecoder()
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) yield* decoder.decode(chunk)
  } catch (error) {
    throw error instanceof MalformedPayloadError ? malformed(error) : unreachable(error)
  }
}

function malformed(cause: MalformedPayloadError): PlatformError {
  return new PlatformError("internal", "internal error", {
    cause,
    internal: "the guest agent broke the protocol",
  })
}

function unreachable(cause: unknown): PlatformError {
  if (cause instanceof PlatformError) return cause
  return new PlatformError("unavailable", "the sandbox's guest agent cannot be reached", { cause })
}
