import { once } from "node:events"
import { Worker } from "node:worker_threads"

import { closeDescriptor, openEventDescriptor, signalEvent } from "@thaw/linux"

import { createReadMark } from "./read-mark.ts"
import { watchReads } from "./read-watchdog.ts"
import { deserializeError } from "./serialize-error.ts"
import type {
  VmEvent,
  WorkerCallName,
  WorkerCalls,
  WorkerMessage,
  WorkerRequest,
  WorkerSettings,
} from "./worker-messages.ts"

export interface WorkerLinkOptions {
  readonly settings: Omit<WorkerSettings, "wakeFd" | "readMark">
  readonly onEvent: (event: VmEvent) => void
  /** The thread ended, and nobody asked it to */
  readonly onDeath: (reason: Error) => void
  /** The thread is held up by the VMM of that pidfd, and does not come back by itself */
  readonly onStuck: (worker: WorkerLink, pidfd: number) => void
}

/** One fault worker as the main thread sees it: calls go in, answers and events come out */
export class WorkerLink implements AsyncDisposable {
  readonly #wakeFd = openEventDescriptor()
  readonly #worker: Worker
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>()
  readonly #options: WorkerLinkOptions
  readonly #watchdog: Disposable
  #nextCallId = 0
  #isStopping = false

  constructor(options: WorkerLinkOptions) {
    this.#options = options
    const readMark = createReadMark()
    const workerData: WorkerSettings = { ...options.settings, wakeFd: this.#wakeFd, readMark }
    this.#watchdog = watchReads(readMark, (pidfd) => options.onStuck(this, pidfd))
    this.#worker = new Worker(new URL("./fault-worker.ts", import.meta.url), { workerData })
    this.#worker.on("message", (message: WorkerMessage) => this.#receive(message))
    this.#worker.once("error", (error) => this.#die(error))
    this.#worker.once("exit", (code) => this.#die(new Error(`a fault worker ended with code ${code}`)))
  }

  /** @throws {PlatformError} what the worker threw */
  async call<Name extends WorkerCallName>(
    name: Name,
    request: WorkerCalls[Name]["request"],
  ): Promise<WorkerCalls[Name]["answer"]> {
    const callId = this.#nextCallId++
    const answer = Promise.withResolvers<unknown>()
    this.#pending.set(callId, answer)
    const message: WorkerRequest = { callId, name, request }
    this.#worker.postMessage(message, [])
    signalEvent(this.#wakeFd)
    return (await answer.promise) as WorkerCalls[Name]["answer"]
  }

  /** Ends the thread; it closes what it has, and VMs wait for the next pager */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isStopping) return
    this.#isStopping = true
    const exited = once(this.#worker, "exit")
    await this.call("stop", undefined)
    await exited
    this.#watchdog[Symbol.dispose]()
    closeDescriptor(this.#wakeFd)
  }

  #receive(message: WorkerMessage): void {
    if (message.kind !== "answer" && message.kind !== "refusal") return this.#options.onEvent(message)
    const pending = this.#pending.get(message.callId)
    this.#pending.delete(message.callId)
    if (message.kind === "answer") pending?.resolve(message.answer)
    else pending?.reject(deserializeError(message.error))
  }

  #die(reason: Error): void {
    if (this.#isStopping) return
    this.#isStopping = true
    this.#options.onDeath(reason)
  }
}
