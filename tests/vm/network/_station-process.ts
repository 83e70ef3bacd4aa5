/**
 * A computer on the network, as a process in a namespace: listens, connects and sends as told by JSON lines on its
 * standard input. Given the namespace of a slot it plays the guest: it holds the slot's tap as a VMM would and passes
 * frames between it and its own `eth0`.
 */
import { createSocket } from "node:dgram"
import { read, write, writeSync } from "node:fs"
import { connect, createServer } from "node:net"
import { createInterface } from "node:readline"

import type { StationRequest } from "./_station.ts"
import { inNamespace, openTap } from "./_tap.ts"

const FRAME_BYTES_MAX = 65_536
const datagrams: string[] = []
const slotNamespace = process.argv[2]
const slotTap = slotNamespace === undefined ? undefined : inNamespace(slotNamespace, () => openTap("tap0"))
if (slotTap !== undefined) {
  const guestTap = openTap("eth0")
  pump(slotTap, guestTap)
  pump(guestTap, slotTap)
}

function pump(from: number, to: number): void {
  const frame = Buffer.alloc(FRAME_BYTES_MAX)
  const next = () => {
    read(from, frame, 0, frame.length, null, (error, length) => {
      // EBADFD, EIO: the device is down or gone; frames are lost as on a pulled cable.
      if (error !== null) setTimeout(next, 10)
      else write(to, frame, 0, length, null, next)
    })
  }
  next()
}

function answer(request: StationRequest): unknown {
  switch (request.op) {
    case "listen":
      return listen(request.port, request.bytes)
    case "listenUdp":
      return listenUdp(request.port)
    case "datagrams":
      return datagrams
    case "connect":
      return connectTo(request)
    case "inject":
      return slotTap === undefined ? 0 : writeSync(slotTap, Buffer.from(request.frameHex, "hex"))
  }
}

/** Greets with the caller's address, or sends so many zero bytes */
function listen(port: number, bytes: number): Promise<string> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined)
    socket.end(bytes === 0 ? `hello ${socket.remoteAddress ?? ""}` : Buffer.alloc(bytes))
  })
  return new Promise((resolve) => server.listen(port, "0.0.0.0", () => resolve("listening")))
}

function listenUdp(port: number): Promise<string> {
  const socket = createSocket("udp4", (message) => datagrams.push(message.toString()))
  return new Promise((resolve) => socket.bind(port, () => resolve("listening")))
}

function connectTo(request: Extract<StationRequest, { op: "connect" }>): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const { host, port, localAddress } = request
  const socket = connect({ host, port, ...(localAddress !== undefined && { localAddress }) })
  const chunks: Buffer[] = []
  socket.setTimeout(request.timeoutMs, () => {
    resolve("timeout")
    socket.destroy()
  })
  socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "error"))
  socket.on("data", (chunk) => chunks.push(chunk))
  socket.on("end", () => {
    const all = Buffer.concat(chunks)
    resolve(all.length > 100 ? `${all.length} bytes` : all.toString())
  })
  return promise
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, ...request } = JSON.parse(line) as StationRequest & { id: number }
  void Promise.resolve(answer(request as StationRequest)).then((result) =>
    process.stdout.write(`${JSON.stringify({ id, result })}\n`),
  )
})
process.stdout.write(`${JSON.stringify({ id: 0, result: "ready" })}\n`)
