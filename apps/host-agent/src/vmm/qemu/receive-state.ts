import { once } from "node:events"
import { chmod, lchown, rm, stat } from "node:fs/promises"
import { createServer, type Socket } from "node:net"
import { join } from "node:path"

import { MIB } from "@thaw/model"

import { migrateToSocket } from "./migration.ts"
import { QmpError, type QmpClient } from "./qmp-client.ts"

/** A state is 70 KiB; more than this is not one */
const STATE_BYTES_MAX = 64 * MIB
const SAVE_TIMEOUT_MS = 30_000

/**
 * Receives the state of a machine that stands still.
 *
 * QEMU connects as its own user and from its own network, so it is given a socket in the one directory it may enter: root's,
 * whose group is QEMU's. What QEMU says and sends is not trusted; it is over after `timeoutMs` whatever that is.
 *
 * @throws {QmpError} when QEMU fails, takes too long, or connects more than once
 */
export async function receiveState(
  qmp: QmpClient,
  runDir: string,
  { timeoutMs = SAVE_TIMEOUT_MS }: { readonly timeoutMs?: number } = {},
): Promise<Buffer> {
  await using stack = new AsyncDisposableStack()
  const path = join(runDir, "state.sock")
  await rm(path, { force: true })
  const received = Promise.withResolvers<Buffer>()
  // Nobody waits for it when QEMU fails before it connects.
  received.promise.catch(() => undefined)
  const tooLate = () =>
    received.reject(new QmpError(`QEMU did not hand over its state within ${timeoutMs} ms`))
  const deadline = setTimeout(tooLate, timeoutMs)
  stack.defer(() => clearTimeout(deadline))
  stack.defer(async () => await rm(path, { force: true }))
  const { server } = stack.use(serveOne(received))
  server.listen(path)
  await once(server, "listening")
  await chmod(path, 0o600)
  const { gid: uid } = await stat(runDir)
  await lchown(path, uid, 0)
  await migrateToSocket(qmp, path, timeoutMs)
  return await received.promise
}

/** Serves one connection, and fails for all when there is another. Disposing ends all there were. */
function serveOne(received: PromiseWithResolvers<Buffer>) {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    // An error without a listener would end this process.
    socket.on("error", (error) => received.reject(error))
    if (sockets.length === 1) return collect(socket, received)
    received.reject(new QmpError("QEMU connected more than once to hand over its state"))
    for (const each of sockets) each.destroy()
  })
  server.on("error", (error) => received.reject(error))
  const end = () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  return { server, [Symbol.dispose]: end }
}

/** Reads a socket to its end */
function collect(socket: Socket, received: PromiseWithResolvers<Buffer>): void {
  const chunks: Buffer[] = []
  let bytes = 0
  socket.on("data", (chunk: Buffer) => {
    bytes += chunk.length
    chunks.push(chunk)
    // QEMU finds its reader gone, and fails.
    if (bytes > STATE_BYTES_MAX) {
      socket.destroy()
      received.reject(new QmpError(`QEMU's state has more than ${STATE_BYTES_MAX} bytes`))
    }
  })
  socket.on("end", () => received.resolve(Buffer.concat(chunks)))
  socket.on("close", () => received.reject(new QmpError("QEMU's state came in part only")))
}
