import { formatMode, type FileEntryBody } from "@thaw/api"
import { PlatformError } from "@thaw/model"
import type { hostAgent } from "@thaw/rpc"

import { toOutputText } from "../../operations/output-text.ts"

/** What RFC 3339 can say: the years 0 to 9999. A guest may give its files any time and any size. */
const TIME_MS_MIN = Date.UTC(-1, 12)
const TIME_MS_MAX = Date.UTC(9999, 12) - 1
const TYPES = ["file", "directory", "symlink", "other"] as const

/** A file as the wire has it; a name that is not UTF-8 in base64 */
export function toFileEntryBody(entry: hostAgent.FileEntry): FileEntryBody {
  const path = toOutputText(entry.path)
  const target = entry.symlinkTarget === undefined ? undefined : toOutputText(entry.symlinkTarget)
  const type = TYPES.find((known) => known === entry.type)
  if (type === undefined) {
    throw new PlatformError("internal", "internal error", {
      internal: `a file entry has type "${entry.type}"`,
    })
  }
  return {
    path: path.text,
    ...(path.encoding === "base64" ? { path_encoding: "base64" } : {}),
    type,
    mode: formatMode(entry.mode),
    uid: entry.uid,
    gid: entry.gid,
    owner: entry.owner,
    group: entry.group,
    size: Math.min(Number(entry.size), Number.MAX_SAFE_INTEGER),
    modified_at: toTimestamp(entry.modifiedAtMs),
    ...(target === undefined ? {} : { symlink_target: target.text }),
    ...(target?.encoding === "base64" ? { symlink_target_encoding: "base64" } : {}),
  }
}

function toTimestamp(timeMs: bigint): string {
  return new Date(Math.min(Math.max(Number(timeMs), TIME_MS_MIN), TIME_MS_MAX)).toISOString()
}
