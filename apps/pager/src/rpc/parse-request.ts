import { isAbsolute } from "node:path"

import { PlatformError } from "@thaw/model"
import type { pager } from "@thaw/rpc"
import { isBuildId, type BuildId } from "@thaw/snapshot-format"

import type { AttachSpec } from "../fault-server/worker-messages.ts"

const ID_PATTERN = /^[a-z0-9][a-z0-9-]{0,63}$/
const UID_MAX = 2 ** 32 - 2
const TIMEOUT_MS_MAX = 600_000

/** Narrows the id of a VM, which becomes a file's name. Raises `invalid_argument`. */
export function parseVmId(id: string): string {
  if (ID_PATTERN.test(id)) return id
  throw new PlatformError("invalid_argument", `"${id.slice(0, 64)}" is not the id of a VM`)
}

/** Narrows a path from the wire. Raises `invalid_argument`. */
export function parsePath(field: string, path: string): string {
  if (isAbsolute(path) && !path.includes("\0")) return path
  throw new PlatformError("invalid_argument", `${field} must be an absolute path`)
}

/** Narrows a wait's limit; 0 stands for `defaultMs`. Raises `invalid_argument`. */
export function parseTimeoutMs(timeoutMs: number, defaultMs: number): number {
  if (timeoutMs <= TIMEOUT_MS_MAX) return timeoutMs === 0 ? defaultMs : timeoutMs
  throw new PlatformError(
    "invalid_argument",
    `timeout_ms is ${timeoutMs}, at most ${TIMEOUT_MS_MAX} is allowed`,
  )
}

/** Narrows what to attach. Raises `invalid_argument`. */
export function parseAttachRequest(request: pager.AttachRequest): AttachSpec {
  const { socketUid, workingSetPath } = request
  if (socketUid > UID_MAX) {
    throw new PlatformError("invalid_argument", `socket_uid is ${socketUid}, at most ${UID_MAX} is allowed`)
  }
  return {
    id: parseVmId(request.id),
    headerPath: parsePath("header_path", request.headerPath),
    buildsDir: parsePath("builds_dir", request.buildsDir),
    socketPath: parsePath("socket_path", request.socketPath),
    socketUid,
    workingSetPath: workingSetPath === "" ? undefined : parsePath("working_set_path", workingSetPath),
    prefetch: request.prefetch,
  }
}

/** Narrows the id of a memory build. Raises `invalid_argument`. */
export function parseBuildIdField(field: string, id: string): BuildId {
  if (isBuildId(id)) return id
  throw new PlatformError(
    "invalid_argument",
    `${field} is "${id.slice(0, 64)}", which is not the id of a build`,
  )
}

/** Narrows a size from the wire. Raises `invalid_argument`. */
export function parseByteCount(field: string, bytes: bigint): number {
  if (bytes <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(bytes)
  throw new PlatformError("invalid_argument", `${field} is ${bytes}, which is more than any memory has`)
}
