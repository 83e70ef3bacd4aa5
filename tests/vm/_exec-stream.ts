import { once } from "node:events"

import { WebSocket } from "ws"

import type { TestPlatform } from "./_platform.ts"

export interface StreamMessage {
  readonly type: "started" | "stdout" | "stderr" | "exit" | "error"
  readonly data?: string
  readonly pid?: number
  readonly exit_code?: number
  readonly timed_out?: boolean
  readonly error?: { readonly code: string; readonly message: string }
}

/** An exec over the WebSocket; keeps all that came */
export class ExecStream implements Disposable {
  readonly socket: WebSocket
  readonly messages: StreamMessage[] = []
  readonly #changed = new EventTarget()

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.on("message", (data: Buffer) => {
      this.messages.push(JSON.parse(data.toString()) as StreamMessage)
      this.#changed.dispatchEvent(new Event("change"))
    })
    socket.on("close", () => this.#changed.dispatchEvent(new Event("change")))
  }

  static async open(platform: TestPlatform, id: string, start: Record<string, unknown>): Promise<ExecStream> {
    const url = `${platform.url.replace("http", "ws")}/v1/sandboxes/${id}/exec/stream`
    const socket = new WebSocket(url, { headers: { "x-api-key": platform.apiKey } })
    const stream = new ExecStream(socket)
    await once(socket, "open")
    stream.send({ type: "start", ...start })
    return stream
  }

  send(message: Record<string, unknown>): void {
    this.socket.send(JSON.stringify(message))
  }

  stdin(text: string): void {
    this.send({ type: "stdin", data: Buffer.from(text).toString("base64") })
  }

  output(type: "stdout" | "stderr" = "stdout"): string {
    const chunks = this.messages.filter((message) => message.type === type)
    return Buffer.concat(chunks.map(({ data }) => Buffer.from(data ?? "", "base64"))).toString()
  }

  /** Waits until `isDone` of what has come; the deadline is the test's */
  async until(isDone: (stream: this) => boolean): Promise<void> {
    while (!isDone(this)) {
      if (this.socket.readyState === WebSocket.CLOSED)
        throw new Error(`closed after ${JSON.stringify(this.messages.at(-1))}`)
      await once(this.#changed, "change")
    }
  }

  async exit(): Promise<StreamMessage> {
    await this.until(() => this.messages.some(({ type }) => type === "exit" || type === "error"))
    const last = this.messages.find(({ type }) => type === "exit" || type === "error")
    if (last === undefined) throw new Error("no exit")
    return last
  }

  [Symbol.dispose](): void {
    this.socket.terminate()
  }
}
