import { CommandFailedError } from "@thaw/linux"
import { PlatformError } from "@thaw/model"

const NO_SPACE = "No space left on device"

/** Names a failure for want of disk space, of a file operation or a command; anything else thrown stays as it is */
export function nameDiskFull(thrown: unknown): unknown {
  if (!isDiskFull(thrown)) return thrown
  return new PlatformError("capacity_exhausted", "the host's disk is full", { cause: thrown })
}

function isDiskFull(thrown: unknown): boolean {
  if (thrown instanceof CommandFailedError) return thrown.stderr.includes(NO_SPACE)
  return (
    thrown instanceof Error && ["ENOSPC", "EDQUOT"].includes((thrown as NodeJS.ErrnoException).code ?? "")
  )
}
