import { PlatformError, toErrorCode, type ErrorCode } from "@thaw/model"

import { MalformedPayloadError, PayloadReader } from "./payload-reader.ts"

const ENTRY_TYPES = ["file", "directory", "symlink", "other"] as const

/** Linux's PATH_MAX, and room for the longest names of users */
const PATH_BYTES_MAX = 4096
const NAME_BYTES_MAX = 256
const SLASH = 0x2f
const MESSAGE_LENGTH_MAX = 1024

/**
 * What a guest may answer. `unauthenticated` and `unavailable` are of the agent's token and its state, which are the
 * platform's business: a client would take them for its own key's, or for a reason to try again.
 */
const GUEST_ERROR_CODES: ReadonlySet<ErrorCode> = new Set([
  "invalid_argument",
  "permission_denied",
  "not_found",
  "already_exists",
  "wrong_state",
  "payload_too_large",
  "capacity_exhausted",
  "unimplemented",
])

/** What the guest says of one path */
export interface GuestEntry {
  /** Absolute */
  readonly path: Buffer
  readonly type: (typeof ENTRY_TYPES)[number]
  /** Permission bits, 07777 */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Empty when the guest has no name for it */
  readonly owner: string
  readonly group: string
  readonly sizeBytes: number
  readonly modifiedUnixNs: bigint
  readonly symlinkTarget?: Buffer
}

export interface GuestExit {
  readonly exitCode: number
  /** 0: ended by itself */
  readonly signal: number
  readonly timedOut: boolean
  readonly durationMs: number
}

/** Decodes an *entry*: the payload of an ENTRY frame and of most DONE frames */
export function decodeEntry(payload: Uint8Array): GuestEntry {
  const reader = new PayloadReader(payload)
  const path = readPath(reader)
  if (path[0] !== SLASH) throw new MalformedPayloadError("entry's path is not absolute")
  const typeNumber = reader.u8()
  const type = ENTRY_TYPES[typeNumber - 1]
  if (type === undefined) throw new MalformedPayloadError(`entry has type ${typeNumber}`)
  const entry = {
    path,
    type,
    mode: reader.u32(),
    uid: reader.u32(),
    gid: reader.u32(),
    owner: readName(reader),
    group: readName(reader),
    sizeBytes: reader.safeU64(),
    modifiedUnixNs: reader.i64(),
  }
  const symlinkTarget = reader.option(() => readPath(reader))
  reader.end()
  return symlinkTarget === undefined ? entry : { ...entry, symlinkTarget }
}

export function decodeExit(payload: Uint8Array): GuestExit {
  const reader = new PayloadReader(payload)
  const exit = {
    exitCode: reader.i32(),
    signal: reader.i32(),
    timedOut: reader.bool(),
    durationMs: reader.safeU64(),
  }
  reader.end()
  return exit
}

/** Copied, so that a listing does not keep the network's buffers in memory */
function readPath(reader: PayloadReader): Buffer {
  const path = reader.bytes()
  if (path.length > PATH_BYTES_MAX) throw new MalformedPayloadError(`path has ${path.length} bytes`)
  return Buffer.from(path)
}

function readName(reader: PayloadReader): string {
  const name = reader.bytes()
  if (name.length > NAME_BYTES_MAX) throw new MalformedPayloadError(`name has ${name.length} bytes`)
  return name.toString()
}

/** Decodes an ERROR frame. A code that a guest agent has no business with becomes `internal`. */
export function decodeError(payload: Uint8Array): PlatformError {
  const reader = new PayloadReader(payload)
  const codeText = reader.text()
  const message = reader.text().slice(0, MESSAGE_LENGTH_MAX)
  reader.end()
  const code = toErrorCode(codeText)
  if (code !== undefined && GUEST_ERROR_CODES.has(code)) return new PlatformError(code, message)
  return new PlatformError("internal", "internal error", {
    internal: `guest agent answered with code "${codeText}": ${message}`,
  })
}

/** Decodes a payload that is one `u32`: STARTED and STDIN_CONSUMED */
export function decodeU32(payload: Uint8Array): number {
  const reader = new PayloadReader(payload)
  const value = reader.u32()
  reader.end()
  return value
}

/** Decodes a payload that is one `bool`: the DONE frame of `list` */
export function decodeBool(payload: Uint8Array): boolean {
  const reader = new PayloadReader(payload)
  const value = reader.bool()
  reader.end()
  return value
}
