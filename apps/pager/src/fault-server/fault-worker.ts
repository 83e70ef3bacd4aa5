import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads"

import { drainEvent } from "@thaw/linux"
import { PlatformError } from "@thaw/model"

import { WorkerAttachment, type AttachmentContext } from "../attachment/worker-attachment.ts"
import { FaultLoop } from "./fault-loop.ts"
import { serializeError } from "./serialize-error.ts"
import type {
  WorkerCallName,
  WorkerCalls,
  WorkerMessage,
  WorkerRequest,
  WorkerSettings,
} from "./worker-messages.ts"

/**
 * A worker thread: waits for the faults of its VMs and for what the main thread has to say, and does one thing at a time.
 *
 * It ends by `stop` alone. An error that belongs to no VM ends the thread, and with it the process.
 */

/** A copy of more than this does not get faster */
const BUFFER_BYTES = 512 * 1024

type Handlers = { readonly [Name in WorkerCallName]: (request: WorkerCalls[Name]["request"]) => unknown }

const settings = workerData as WorkerSettings
if (parentPort === null) throw new Error("a fault worker is a worker thread")
const inbox = parentPort

const send = (message: WorkerMessage) => inbox.postMessage(message, [])
const attachments = new Map<string, WorkerAttachment>()
const loop = new FaultLoop()
const context: AttachmentContext = {
  loop,
  emit: send,
  buffer: Buffer.alloc(BUFFER_BYTES),
  attachmentsDir: settings.attachmentsDir,
  handshakeTimeoutMs: settings.handshakeTimeoutMs,
  bootId: settings.bootId,
  readMark: settings.readMark,
  onEnded: (attachment) => {
    if (attachments.get(attachment.id) === attachment) attachments.delete(attachment.id)
  },
}

const handlers: Handlers = {
  hello: () => undefined,
  attach: (spec) => {
    attachments.set(spec.id, WorkerAttachment.listen(spec, context))
  },
  adopt: (record) => {
    const attachment = WorkerAttachment.adopt(record, context)
    if (attachment?.isEnded === false) attachments.set(record.id, attachment)
    return attachment !== undefined
  },
  endRecording: (id) => find(id).takeRecording(),
  removedRanges: (id) => find(id).removed,
  detach: (id) => find(id).detach(),
  stop: () => {
    loop.stop()
    for (const attachment of attachments.values()) attachment[Symbol.dispose]()
  },
}

function find(id: string): WorkerAttachment {
  const attachment = attachments.get(id)
  if (attachment !== undefined) return attachment
  throw new PlatformError("not_found", `no VM "${id}" is attached`)
}

function answerCalls(): void {
  drainEvent(settings.wakeFd)
  for (;;) {
    const received = receiveMessageOnPort(inbox)
    if (received === undefined) return
    const { callId, name, request } = received.message as WorkerRequest
    try {
      const handle = handlers[name] as (request: unknown) => unknown
      send({ kind: "answer", callId, answer: handle(request) })
    } catch (error) {
      send({ kind: "refusal", callId, error: serializeError(error) })
    }
  }
}

loop.watch(settings.wakeFd, answerCalls)
loop.run()
