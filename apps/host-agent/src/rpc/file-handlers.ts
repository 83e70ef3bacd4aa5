import type { MessageInitShape } from "@bufbuild/protobuf"
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect"
import { LIMITS, PlatformError, parseSandboxId } from "@thaw/model"
import type { HostAgentService, hostAgent } from "@thaw/rpc"

import { toGuestPath, type GuestClient } from "../guest/guest-client.ts"
import type { GuestEntry } from "../guest/protocol/answer.ts"
import type { FilePath } from "../guest/protocol/request.ts"
import type { SandboxSet } from "../sandbox/sandbox-set.ts"
import { OutputBuffer } from "./output-buffer.ts"
import { parseFileTarget, parseMode } from "./request-fields.ts"

type Handlers = Pick<
  ServiceImpl<typeof HostAgentService>,
  | "writeFile"
  | "readFile"
  | "writeFileStream"
  | "readFileStream"
  | "statFile"
  | "listFiles"
  | "makeDir"
  | "moveFile"
  | "removeFile"
>

interface OpenTarget extends Disposable {
  readonly guest: GuestClient
  readonly target: FilePath
  /** Aborts with the call and with the sandbox */
  readonly signal: AbortSignal
}

const NS_PER_MS = 1_000_000n

export function fileHandlers(sandboxes: SandboxSet): Handlers {
  const open: Open = (raw, context) => {
    const { sandboxId, ...target } = parseFileTarget(raw)
    const access = sandboxes.get(parseSandboxId(sandboxId)).access("files")
    return {
      guest: access.guest,
      target,
      signal: AbortSignal.any([access.signal, context.signal]),
      [Symbol.dispose]: () => access[Symbol.dispose](),
    }
  }
  return { ...contentHandlers(open), ...entryHandlers(open) }
}

type Open = (raw: hostAgent.FileTarget | undefined, context: HandlerContext) => OpenTarget
type ContentHandlers = Pick<Handlers, "writeFile" | "readFile" | "writeFileStream" | "readFileStream">

function contentHandlers(open: Open): ContentHandlers {
  return {
    async writeFile(request, context) {
      using opened = open(request.target, context)
      const { guest, target, signal } = opened
      if (request.content.length > LIMITS.unaryFileBytesMax) throw tooLargeForUnary()
      return toWire(
        await guest.writeFile({ ...target, ...parseMode(request.mode) }, only(request.content), signal),
      )
    },
    async readFile(request, context) {
      using opened = open(request.target, context)
      const { guest, target, signal } = opened
      using file = await guest.readFile(target, toRange(request), signal)
      const content = new OutputBuffer(LIMITS.unaryFileBytesMax)
      for await (const chunk of file.chunks()) {
        content.append(chunk)
        if (content.isTruncated) throw tooLargeForUnary()
      }
      return { entry: toWire(file.entry), content: content.bytes() }
    },
    async writeFileStream(requests, context) {
      const messages = requests[Symbol.asyncIterator]()
      const first = await messages.next()
      if (first.done === true || first.value.message.case !== "meta") {
        throw new PlatformError("invalid_argument", "the first message of a file must be meta")
      }
      const meta = first.value.message.value
      using opened = open(meta.target, context)
      const { guest, target, signal } = opened
      return toWire(await guest.writeFile({ ...target, ...parseMode(meta.mode) }, chunksOf(messages), signal))
    },
    async *readFileStream(request, context) {
      using opened = open(request.target, context)
      const { guest, target, signal } = opened
      using file = await guest.readFile(target, toRange(request), signal)
      yield { message: { case: "entry", value: toWire(file.entry) } }
      for await (const chunk of file.chunks()) yield { message: { case: "chunk", value: chunk } }
    },
  }
}

function entryHandlers(open: Open): Omit<Handlers, keyof ContentHandlers> {
  return {
    async statFile(request, context) {
      using opened = open(request.target, context)
      const { guest, target, signal } = opened
      return toWire(await guest.stat(target, request.followSymlink, signal))
    },
    async listFiles(request, context) {
      using opened = open(request.target, context)
      const { guest, target, signal } = opened
      const { entries, truncated } = await guest.list(target, LIMITS.listEntriesMax, signal)
      return { entries: entries.map(toWire), truncated }
    },
    async makeDir(request, context) {
      using opened = open(request.target, context)
      const { guest, target, signal } = opened
      return toWire(await guest.mkdir({ ...target, ...parseMode(request.mode) }, request.parents, signal))
    },
    async moveFile(request, context) {
      using opened = open(request.target, context)
      const { guest, target, signal } = opened
      const to = toGuestPath(request.to, LIMITS.pathBytesMax)
      return toWire(await guest.move({ ...target, to }, request.overwrite, signal))
    },
    async removeFile(request, context) {
      using opened = open(request.target, context)
      const { guest, target, signal } = opened
      await guest.remove(target, request.recursive, signal)
      return {}
    },
  }
}

function tooLargeForUnary(): PlatformError {
  return new PlatformError(
    "payload_too_large",
    `a file of more than ${LIMITS.unaryFileBytesMax} bytes needs the streaming call`,
  )
}

function toRange(request: hostAgent.ReadFileRequest): { readonly offset: bigint; readonly length?: bigint } {
  return { offset: request.offset, ...(request.length === undefined ? {} : { length: request.length }) }
}

// oxlint-disable-next-line typescript/require-await -- a generator of one chunk has nothing to wait for
async function* only(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  yield chunk
}

async function* chunksOf(
  messages: AsyncIterator<hostAgent.WriteFileStreamRequest>,
): AsyncGenerator<Uint8Array> {
  for (;;) {
    const next = await messages.next()
    if (next.done === true) throw new PlatformError("canceled", "the file ended before it was complete")
    const { message } = next.value
    if (message.case === "end") return
    if (message.case !== "chunk") {
      throw new PlatformError("invalid_argument", "a file is a meta, then chunks, then an end")
    }
    yield message.value
  }
}

function toWire(entry: GuestEntry): MessageInitShape<typeof hostAgent.FileEntrySchema> {
  return {
    path: entry.path,
    type: entry.type,
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    owner: entry.owner,
    group: entry.group,
    size: BigInt(entry.sizeBytes),
    modifiedAtMs: entry.modifiedUnixNs / NS_PER_MS,
    ...(entry.symlinkTarget === undefined ? {} : { symlinkTarget: entry.symlinkTarget }),
  }
}
