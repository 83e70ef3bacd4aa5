import type { ErrorCode } from "@thaw/model"

import type { AttachmentRecord } from "../attachment/attachment-record.ts"
import type { Interval } from "./interval-set.ts"
import type { ReadMarkWords } from "./read-mark.ts"

/** What the main thread says to a fault worker and back; all of it can be cloned */

/** A VMM that is about to connect, and what it is to be served from */
export interface AttachSpec {
  readonly id: string
  readonly headerPath: string
  readonly buildsDir: string
  readonly socketPath: string
  readonly socketUid: number
  /** undefined: neither prefetched nor recorded */
  readonly workingSetPath: string | undefined
  readonly prefetch: boolean
}

export interface VmStats {
  readonly faults: number
  readonly pagesCopied: number
  readonly pagesZeroed: number
  readonly pagesPrefetched: number
  readonly prefetchMs: number
  readonly faultUsP50: number
  readonly faultUsP99: number
}

export const NO_STATS: VmStats = {
  faults: 0,
  pagesCopied: 0,
  pagesZeroed: 0,
  pagesPrefetched: 0,
  prefetchMs: 0,
  faultUsP50: 0,
  faultUsP99: 0,
}

export interface RecordedWorkingSet {
  /** Page numbers, ascending */
  readonly pages: readonly number[]
  readonly path: string
}

/** Requests and what answers each */
export interface WorkerCalls {
  /** Answers when the worker is up */
  readonly hello: { readonly request: undefined; readonly answer: undefined }
  /** Answers when the socket can be connected to */
  readonly attach: { readonly request: AttachSpec; readonly answer: undefined }
  /** Answers `false` when that VMM is gone */
  readonly adopt: { readonly request: AttachmentRecord; readonly answer: boolean }
  /** Answers undefined when nothing is recorded */
  readonly endRecording: { readonly request: string; readonly answer: RecordedWorkingSet | undefined }
  /** By memory offset */
  readonly removedRanges: { readonly request: string; readonly answer: readonly Interval[] }
  readonly detach: { readonly request: string; readonly answer: VmStats }
  /** Answers, then the worker ends; records stay */
  readonly stop: { readonly request: undefined; readonly answer: undefined }
}

export type WorkerCallName = keyof WorkerCalls

export interface WorkerRequest {
  readonly callId: number
  readonly name: WorkerCallName
  readonly request: unknown
}

export interface SerializedError {
  readonly code: ErrorCode
  readonly message: string
  readonly internal: string | undefined
}

export type WorkerMessage =
  | { readonly kind: "answer"; readonly callId: number; readonly answer: unknown }
  | { readonly kind: "refusal"; readonly callId: number; readonly error: SerializedError }
  | VmEvent

/** What happens to a VM by itself */
export type VmEvent =
  /** Its VMM is known; `pidfd` is the worker's and open until the VM has ended */
  | { readonly kind: "connected"; readonly id: string; readonly pidfd: number }
  /** Its memory is handed over and its working set is in place */
  | { readonly kind: "ready"; readonly id: string; readonly stats: VmStats }
  /** It cannot be served any more, and its VMM was told to end */
  | { readonly kind: "failed"; readonly id: string; readonly error: SerializedError; readonly stats: VmStats }
  /** Nothing of it is left here */
  | { readonly kind: "ended"; readonly id: string; readonly stats: VmStats }
  | { readonly kind: "warning"; readonly id: string; readonly message: string }

/** What a worker is started with */
export interface WorkerSettings {
  /** Event descriptor that ends the worker's wait */
  readonly wakeFd: number
  readonly attachmentsDir: string
  readonly handshakeTimeoutMs: number
  readonly bootId: string
  readonly readMark: ReadMarkWords
}
