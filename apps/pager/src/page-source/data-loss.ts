import { PlatformError } from "@thaw/model"
import { SnapshotFormatError, type SnapshotFormatErrorCode } from "@thaw/snapshot-format"

/** What a reader is told about each way in which a file can be wrong */
const WHAT: Record<SnapshotFormatErrorCode, string> = {
  bad_magic: "is truncated or overwritten",
  unsupported_version: "is of another version",
  truncated: "is truncated",
  bad_checksum: "is damaged",
  too_large: "is damaged",
  invalid: "is damaged",
}

/** What went wrong with a file, for the operator; the message is for users and names no path */
export interface DataLossOptions {
  readonly path: string
  readonly cause?: unknown
}

/** Snapshot data that is not what was written: code `data_loss` */
export function dataLoss(message: string, { path, cause }: DataLossOptions): PlatformError {
  return new PlatformError("data_loss", message, { internal: `file '${path}'`, cause })
}

/**
 * Names what is wrong with a file that could not be opened, read or decoded; anything else is passed on as it is.
 *
 * @param subject What it is, as in `build '0123456789abcdef'`
 */
export function toDataLoss(thrown: unknown, subject: string, path: string): unknown {
  if (thrown instanceof SnapshotFormatError) {
    return dataLoss(`${subject} ${WHAT[thrown.code]}: ${thrown.message}`, { path, cause: thrown })
  }
  const { code, syscall } = thrown as NodeJS.ErrnoException
  if (syscall === undefined || code === undefined) return thrown
  if (code === "ENOENT") return dataLoss(`${subject} is missing`, { path, cause: thrown })
  // Errors of this process and not of the file.
  if (code === "EMFILE" || code === "ENFILE" || code === "ENOMEM") return thrown
  return dataLoss(`${subject} cannot be read: ${code}`, { path, cause: thrown })
}
