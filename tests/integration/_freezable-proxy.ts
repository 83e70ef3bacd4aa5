import { once } from "node:events"
import { createServer, type ListenOptions, type Server, type Socket } from "node:net"
import { connect, type NetConnectOpts } from "node:net"

/** A proxy whose connections can fall silent, as when a cable is pulled: nobody is told, and nothing arrives */
export class FreezableProxy implements AsyncDisposable {
  readonly server: Server
  readonly #connections = new Set<Socket>()
  readonly #target: NetConnectOpts

  private constructor(target: NetConnectOpts) {
    this.#target = target
    this.server = createServer((near) => this.#connect(near))
  }

  static async start(options: {
    readonly listen: ListenOptions
    readonly target: NetConnectOpts
  }): Promise<FreezableProxy> {
    const proxy = new FreezableProxy(options.target)
    proxy.server.listen(options.listen)
    await once(proxy.server, "listening")
    return proxy
  }

  /** Silences the connections there are; new ones work */
  freeze(): void {
    for (const socket of this.#connections) {
      socket.unpipe()
      socket.pause()
    }
  }

  /** Breaks the connections there are */
  cut(): void {
    for (const socket of this.#connections) socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.server, "close")
    this.server.close()
    this.cut()
    await closed
  }

  #connect(near: Socket): void {
    const far = connect(this.#target)
    near.pipe(far)
    far.pipe(near)
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#connections.add(socket)
      socket.on("error", () => undefined)
      socket.on("close", () => {
        this.#connections.delete(socket)
        other.destroy()
      })
    }
  }
}
