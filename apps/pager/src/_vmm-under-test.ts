import { spawn, type ChildProcessByStdio } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { createInterface } from "node:readline"
import type { Readable, Writable } from "node:stream"

import type { VmmCommand } from "./_simulated-vmm.ts"

export interface SimulatedVmmOptions {
  readonly memoryPath: string
  readonly memoryBytes: number
  readonly socketPath: string
  readonly threads?: number
  readonly message?: string
  readonly descriptors?: number
}

/** A simulated VMM in a process of its own */
export class SimulatedVmm implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #pending = new Map<number, (result: unknown) => void>()
  #nextId = 0

  constructor(options: SimulatedVmmOptions) {
    const args = [
      join(import.meta.dirname, "_simulated-vmm.ts"),
      `--memory=${options.memoryPath}`,
      `--bytes=${options.memoryBytes}`,
      `--socket=${options.socketPath}`,
      `--threads=${options.threads ?? 1}`,
      `--descriptors=${options.descriptors ?? 1}`,
      ...(options.message === undefined ? [] : [`--message=${options.message}`]),
    ]
    this.#child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] })
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      const { id, result } = JSON.parse(line) as { id: number; result: unknown }
      this.#pending.get(id)?.(result)
      this.#pending.delete(id)
    })
    this.#child.stdin.on("error", () => undefined)
  }

  get pid(): number {
    return this.#child.pid ?? -1
  }

  get signal(): NodeJS.Signals | null {
    return this.#child.signalCode
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Settles when the process has ended */
  async ended(): Promise<void> {
    if (this.isRunning) await once(this.#child, "exit")
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL")
    await this.ended()
  }

  async hash(offset: number, length: number, thread = 0): Promise<string> {
    return (await this.#send({ op: "hash", offset, length, thread })) as string
  }

  /** The first byte of each page of a range */
  async firstBytes(offset: number, length: number, thread = 0): Promise<Buffer> {
    return Buffer.from((await this.#send({ op: "bytes", offset, length, thread })) as string, "base64")
  }

  async fill(offset: number, length: number, value: number): Promise<void> {
    await this.#send({ op: "fill", offset, length, value, thread: 0 })
  }

  async remove(offset: number, length: number, thread = 0): Promise<void> {
    await this.#send({ op: "remove", offset, length, thread })
  }

  /** Takes all memory out of the address space; nothing may touch it after that */
  async unmap(): Promise<void> {
    await this.#send({ op: "unmap", offset: 0, length: 0, thread: 0 })
  }

  /** Makes the userfaultfd, which it shares with the pager, block */
  async block(thread = 0): Promise<void> {
    await this.#send({ op: "block", offset: 0, length: 0, thread })
  }

  /** Makes the userfaultfd block and not block in turns, without end */
  flip(thread: number): void {
    void this.#send({ op: "flip", offset: 0, length: 0, thread })
  }

  /** How long each page took to be there, in µs */
  async touch(pages: readonly number[], thread = 0): Promise<number[]> {
    return (await this.#send({ op: "touch", offset: 0, length: 0, pages, thread })) as number[]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }

  async #send(command: Omit<VmmCommand, "id">): Promise<unknown> {
    const id = this.#nextId++
    const answer = Promise.withResolvers<unknown>()
    this.#pending.set(id, answer.resolve)
    this.#child.stdin.write(`${JSON.stringify({ id, ...command })}\n`)
    return await answer.promise
  }
}
