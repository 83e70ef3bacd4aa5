import { PlatformError } from "@thaw/model"

import { GuestConnection, unexpectedFrame, type GuestEndpoint } from "./guest-connection.ts"
import { GuestExec } from "./guest-exec.ts"
import { decodeBool, decodeEntry, type GuestEntry } from "./protocol/answer.ts"
import { FRAME } from "./protocol/frame.ts"
import type { ConfigureRequest, ExecRequest, FilePath, GuestRequest } from "./protocol/request.ts"

const CONFIGURE_TIMEOUT_MS = 10_000
/** Limit of the protocol for one DATA frame */
const DATA_FRAME_BYTES = 64 * 1024

/** A file being read: its entry first, then its content. Disposing stops the transfer. */
export interface GuestFileRead extends Disposable {
  readonly entry: GuestEntry
  chunks(): AsyncGenerator<Buffer>
}

/** A guest that has confirmed its configuration */
export interface ConfiguredGuest {
  /** The same guest, by its new token */
  readonly guest: Pick<GuestClient, "configure">
  /** The longest that the wall clock it was told may have been under way */
  readonly clockLagMsMax: number
}

/** The guest agent of one running sandbox. Each call is a connection of its own; an abort of `signal` drops it. */
export class GuestClient {
  readonly #endpoint: GuestEndpoint

  constructor(endpoint: GuestEndpoint) {
    this.#endpoint = endpoint
  }

  /**
   * Gives the guest its identity, clock, entropy and token; after it the agent accepts only that token.
   *
   * @param makeRequest Called when the guest has taken the connection, so that the wall clock is fresh
   */
  async configure(makeRequest: () => ConfigureRequest, signal: AbortSignal): Promise<ConfiguredGuest> {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(CONFIGURE_TIMEOUT_MS)])
    let { token } = this.#endpoint
    let madeAt = performance.now()
    const make = (): GuestRequest => {
      madeAt = performance.now()
      const request = makeRequest()
      token = request.token
      return { op: "configure", ...request }
    }
    using connection = await GuestConnection.open(this.#endpoint, make, deadline)
    await connection.expect(FRAME.done)
    const clockLagMsMax = performance.now() - madeAt
    return { guest: new GuestClient({ ...this.#endpoint, token }), clockLagMsMax }
  }

  /** Starts a process */
  async exec(request: ExecRequest, signal: AbortSignal): Promise<GuestExec> {
    using stack = new DisposableStack()
    const connection = stack.use(await this.#open({ op: "exec", ...request }, signal))
    const exec = await GuestExec.started(connection)
    stack.move()
    return exec
  }

  /** Opens a regular file, from `offset`, `length` bytes or to its end */
  async readFile(
    target: FilePath,
    range: { readonly offset: bigint; readonly length?: bigint },
    signal: AbortSignal,
  ): Promise<GuestFileRead> {
    using stack = new DisposableStack()
    const connection = stack.use(await this.#open({ op: "readFile", ...target, ...range }, signal))
    const entry = decodeEntry(await connection.expect(FRAME.entry))
    const owned = stack.move()
    return { entry, chunks: () => readData(connection), [Symbol.dispose]: () => owned.dispose() }
  }

  /**
   * Writes a file whole or not at all.
   *
   * @param content Its failure or an abort leaves the old file as it was
   */
  async writeFile(
    target: FilePath & { readonly mode?: number },
    content: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<GuestEntry> {
    using connection = await this.#open({ op: "writeFile", ...target }, signal)
    const done = connection.expect(FRAME.done)
    // An early answer is an error, most often "no space left": it must stop the sending, which may be blocked by then.
    const [payload] = await Promise.all([done, Promise.race([done, sendData(connection, content)])])
    return decodeEntry(payload)
  }

  async stat(target: FilePath, followSymlink: boolean, signal: AbortSignal): Promise<GuestEntry> {
    return await this.#entryOf({ op: "stat", ...target, followSymlink }, signal)
  }

  /** Entries of a directory by name; `truncated` when there are more than `entriesMax` */
  async list(
    target: FilePath,
    entriesMax: number,
    signal: AbortSignal,
  ): Promise<{ readonly entries: GuestEntry[]; readonly truncated: boolean }> {
    using connection = await this.#open({ op: "list", ...target, entriesMax }, signal)
    const entries: GuestEntry[] = []
    for (;;) {
      const frame = await connection.receive()
      if (frame.type === FRAME.done) return { entries, truncated: decodeBool(frame.payload) }
      if (frame.type !== FRAME.entry || entries.length === entriesMax) throw unexpectedFrame(frame)
      entries.push(decodeEntry(frame.payload))
    }
  }

  async mkdir(
    target: FilePath & { readonly mode?: number },
    parents: boolean,
    signal: AbortSignal,
  ): Promise<GuestEntry> {
    return await this.#entryOf({ op: "mkdir", ...target, parents }, signal)
  }

  async move(
    target: FilePath & { readonly to: Uint8Array },
    overwrite: boolean,
    signal: AbortSignal,
  ): Promise<GuestEntry> {
    return await this.#entryOf({ op: "move", ...target, overwrite }, signal)
  }

  async remove(target: FilePath, recursive: boolean, signal: AbortSignal): Promise<void> {
    using connection = await this.#open({ op: "remove", ...target, recursive }, signal)
    await connection.expect(FRAME.done)
  }

  async #open(request: GuestRequest, signal: AbortSignal): Promise<GuestConnection> {
    return await GuestConnection.open(this.#endpoint, request, signal)
  }

  async #entryOf(request: GuestRequest, signal: AbortSignal): Promise<GuestEntry> {
    using connection = await this.#open(request, signal)
    return decodeEntry(await connection.expect(FRAME.done))
  }
}

async function* readData(connection: GuestConnection): AsyncGenerator<Buffer> {
  for (;;) {
    const frame = await connection.receive()
    if (frame.type === FRAME.done) return
    if (frame.type !== FRAME.data) throw unexpectedFrame(frame)
    yield frame.payload
  }
}

async function sendData(connection: GuestConnection, content: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of content) {
    for (let offset = 0; offset < chunk.length; offset += DATA_FRAME_BYTES) {
      await connection.send(FRAME.data, chunk.subarray(offset, offset + DATA_FRAME_BYTES))
    }
  }
  await connection.send(FRAME.end)
}

/** Encodes a path from a client: text with a NUL or too long is refused before it reaches the guest */
export function toGuestPath(path: Uint8Array, pathBytesMax: number): Uint8Array {
  if (path.length === 0) throw new PlatformError("invalid_argument", "path must not be empty")
  if (path.length > pathBytesMax) {
    throw new PlatformError(
      "invalid_argument",
      `path has ${path.length} bytes, at most ${pathBytesMax} are allowed`,
    )
  }
  if (path.includes(0)) throw new PlatformError("invalid_argument", "path must not contain a NUL byte")
  return path
}
