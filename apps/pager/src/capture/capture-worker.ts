import { setTimeout as sleep } from "node:timers/promises"
import { Worker } from "node:worker_threads"

import { PlatformError } from "@thaw/model"

import type { CaptureRequest, CaptureResult } from "./capture-memory.ts"
import {
  fromErrorMessage,
  type CaptureAnswer,
  type CaptureJobKind,
  type CaptureJobMessage,
  type CaptureJobs,
} from "./capture-message.ts"
import type { CompactRequest, CompactResult } from "./compact-memory.ts"

/** How long the end of a `CaptureWorker` waits for the job at work to notice and to remove what it made */
const END_WAIT_MS = 30_000

/** A thread that captures and compacts, one job at a time in the order they came */
export class CaptureWorker implements AsyncDisposable {
  #worker: Worker | undefined
  /** Ends when the last job given has ended; never rejects */
  #last: Promise<unknown> = Promise.resolve()
  readonly #ended = new AbortController()

  /** As `captureMemory`; `signal` ends a job at work at its next chunk, unless that was its last */
  capture(request: CaptureRequest, signal?: AbortSignal): Promise<CaptureResult> {
    return this.#enqueue("capture", request, signal)
  }

  /** As `compactMemory` */
  compact(request: CompactRequest, signal?: AbortSignal): Promise<CompactResult> {
    return this.#enqueue("compact", request, signal)
  }

  /** Cancels all jobs and ends the thread */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort()
    const wait = new AbortController()
    await Promise.race([
      this.#last,
      sleep(END_WAIT_MS, undefined, { signal: wait.signal }).catch(() => undefined),
    ])
    wait.abort()
    await this.#worker?.terminate()
    this.#worker = undefined
  }

  #enqueue<Kind extends CaptureJobKind>(
    kind: Kind,
    request: CaptureJobs[Kind]["request"],
    signal?: AbortSignal,
  ): Promise<CaptureJobs[Kind]["result"]> {
    const canceled = AbortSignal.any(
      signal === undefined ? [this.#ended.signal] : [this.#ended.signal, signal],
    )
    const result = this.#last.then(() => {
      if (canceled.aborted) throw new PlatformError("canceled", `the ${kind} was canceled before it began`)
      return this.#perform(kind, request, canceled)
    })
    this.#last = result.catch(() => undefined)
    return result
  }

  async #perform<Kind extends CaptureJobKind>(
    kind: Kind,
    request: CaptureJobs[Kind]["request"],
    canceled: AbortSignal,
  ): Promise<CaptureJobs[Kind]["result"]> {
    const cancelFlag = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
    const cancel = () => void Atomics.store(cancelFlag, 0, 1)
    canceled.addEventListener("abort", cancel)
    try {
      const answer = await this.#ask({ kind, request, cancelFlag } as CaptureJobMessage)
      if ("error" in answer) throw fromErrorMessage(answer.error)
      return answer.result
    } finally {
      canceled.removeEventListener("abort", cancel)
    }
  }

  /** A thread that ends by itself fails its job, and the next job gets another */
  #ask(job: CaptureJobMessage): Promise<CaptureAnswer> {
    const worker = (this.#worker ??= this.#start())
    const { promise, resolve, reject } = Promise.withResolvers<CaptureAnswer>()
    const fail = (cause?: unknown) =>
      reject(new PlatformError("internal", "the capture thread ended", { cause }))
    const onExit = () => fail()
    worker.once("message", resolve).once("error", fail).once("exit", onExit)
    // Only a job at work keeps the process alive.
    worker.ref()
    worker.postMessage(job, [])
    return promise.finally(() =>
      worker.off("message", resolve).off("error", fail).off("exit", onExit).unref(),
    )
  }

  #start(): Worker {
    const worker = new Worker(new URL("./capture-thread.ts", import.meta.url))
    const forget = () => {
      if (this.#worker === worker) this.#worker = undefined
    }
    return worker.on("error", forget).on("exit", forget)
  }
}
