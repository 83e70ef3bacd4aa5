import { once } from "node:events"
import { createServer, type Socket } from "node:net"

export interface FakeMonitor extends Disposable {
  /** Closes every connection, as a QEMU does that dies */
  drop(): void
  sayRaw(text: string): void
  say(message: object): void
}

/** A QEMU monitor that greets, and answers each command by `answer` */
export async function serveMonitor(
  path: string,
  answer: (command: string, id: number) => object | undefined,
): Promise<FakeMonitor> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.write('{"QMP": {"version": {}, "capabilities": []}}\n')
    socket.on("data", (data) => {
      for (const line of data.toString().trim().split("\n")) {
        const { execute, id } = JSON.parse(line) as { execute: string; id: number }
        const reply = execute === "qmp_capabilities" ? { return: {}, id } : answer(execute, id)
        if (reply !== undefined) socket.write(`${JSON.stringify(reply)}\n`)
      }
    })
    socket.on("error", () => undefined)
  })
  server.listen(path)
  await once(server, "listening")
  return {
    drop: () => sockets.forEach((socket) => socket.destroy()),
    sayRaw: (text: string) => sockets.forEach((socket) => socket.write(text)),
    say: (message: object) => sockets.forEach((socket) => socket.write(`${JSON.stringify(message)}\n`)),
    [Symbol.dispose]: () => {
      sockets.forEach((socket) => socket.destroy())
      server.close()
    },
  }
}
