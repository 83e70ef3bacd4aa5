// Worker thread of `CaptureWorker`: does one job after the other and answers each.
import { parentPort } from "node:worker_threads"

import { captureMemory, type CaptureResult } from "./capture-memory.ts"
import { toErrorMessage, type CaptureAnswer, type CaptureJobMessage } from "./capture-message.ts"
import { compactMemory, type CompactResult } from "./compact-memory.ts"

parentPort?.on("message", (job: CaptureJobMessage) => parentPort?.postMessage(answer(job), []))

function answer(job: CaptureJobMessage): CaptureAnswer {
  try {
    return { result: perform(job) }
  } catch (error) {
    return { error: toErrorMessage(error) }
  }
}

function perform(job: CaptureJobMessage): CaptureResult | CompactResult {
  const isCanceled = () => Atomics.load(job.cancelFlag, 0) !== 0
  switch (job.kind) {
    case "capture":
      return captureMemory(job.request, isCanceled)
    case "compact":
      return compactMemory(job.request, isCanceled)
  }
}
