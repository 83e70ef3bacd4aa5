import { once } from "node:events"
import { chmod, chown, rm, stat } from "node:fs/promises"
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
 * QEMU connects as its own user and from its own network, so it is given a socket in the one directory it may enter.
 *
 * @throws {QmpError} when QEMU fails or takes too long
 */
export async function receiveState(qmp: QmpClient, runDir: string): Promise<Buffer> {
  await using stack = new AsyncDisposableStack()
  const path = join(runDir, "state.sock")
  await rm(path, { force: true })
  const server = createServer({ pauseOnConnect: true })
  let connection: Socket | undefined
  stack.defer(async () => await rm(path, { force: true }))
  stack.defer(() => {
    server.close()
    connection?.destroy()
  })
  const received = Promise.withResolvers<Buffer>()
  // Nobody waits for it when QEMU fails before it connects.
  received.promise.catch(() => undefined)
  server.once("connection", (socket) => {
    connection = socket
    collect(socket, received)
  })
  server.listen(path)
  await once(server, "listening")
  const { uid, gid } = await stat(runDir)
  await chmod(path, 0o600)
  await chown(path, uid, gid)
  try {
    await migrateToSocket(qmp, path, SAVE_TIMEOUT_MS)
  } catch (error) {
    received.reject(error)
  }
  return await received.promise
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
  socket.on("error", (error) => received.reject(error))
  socket.on("close", () => received.reject(new QmpError("QEMU's state came in part only")))
  socket.resume()
}
