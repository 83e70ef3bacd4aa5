import { PlatformError } from "@thaw/model"
import { SnapshotFormatError } from "@thaw/snapshot-format"

const FULL_CODES: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT"])

/**
 * Says what kept a snapshot from being written, for who asked for it.
 *
 * @param action What was being done, as in `memory snapshot`
 */
export function toCaptureError(thrown: unknown, action: string): PlatformError {
  if (thrown instanceof PlatformError) return thrown
  if (thrown instanceof SnapshotFormatError) {
    return new PlatformError("internal", `${action} cannot be made: ${thrown.message}`, { cause: thrown })
  }
  const { code, syscall } = thrown as NodeJS.ErrnoException
  if (code === undefined) return PlatformError.from(thrown)
  if (FULL_CODES.has(code)) {
    return new PlatformError("capacity_exhausted", `${action} cannot be written: the host's disk is full`, {
      cause: thrown,
    })
  }
  return new PlatformError(
    "internal",
    `${action} cannot be written: ${syscall ?? "file system"} failed, ${code}`,
    {
      cause: thrown,
    },
  )
}
