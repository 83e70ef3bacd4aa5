import {
  ExecStreamServerMessageSchema,
  type ExecStreamClientBody,
  type ExecStreamServerMessage,
} from "@thaw/api"
import { WebSocket } from "ws"

import { API_KEY } from "./_harness.ts"

/** The client side of an exec stream; keeps every message that came */
export class ExecClient implements Disposable {
  readonly socket: WebSocket
  readonly messages: ExecStreamServerMessage[] = []
  closeCode: number | undefined
  receivedBytes = 0
  readonly #opened = Promise.withResolvers<void>()
  readonly #closed = Promise.withResolvers<void>()

  constructor(url: string, sandboxId: string) {
    this.socket = new WebSocket(`${url.replace("http", "ws")}/v1/sandboxes/${sandboxId}/exec/stream`, {
      headers: { "x-api-key": API_KEY },
    })
    this.socket.on("open", () => this.#opened.resolve())
    this.socket.on("error", (error) => this.#opened.reject(error))
    this.socket.on("message", (data: Buffer) => {
      this.receivedBytes += data.length
      this.messages.push(ExecStreamServerMessageSchema.parse(JSON.parse(data.toString())))
    })
    this.socket.on("close", (code) => {
      this.closeCode = code
      this.#closed.resolve()
    })
  }

  async opened(): Promise<this> {
    await this.#opened.promise
    return this
  }

  send(message: ExecStreamClientBody): void {
    this.socket.send(JSON.stringify(message))
  }

  sendStdin(text: string): void {
    this.send({ type: "stdin", data: Buffer.from(text).toString("base64") })
  }

  /** Everything up to the end of the connection */
  async end(): Promise<readonly ExecStreamServerMessage[]> {
    await this.#closed.promise
    return this.messages
  }

  stdout(): string {
    const chunks = this.messages.filter((message) => message.type === "stdout")
    return Buffer.concat(chunks.map(({ data }) => Buffer.from(data, "base64"))).toString("latin1")
  }

  [Symbol.dispose](): void {
    this.socket.terminate()
  }
}
