import { PlatformError } from "@thaw/model"

/** Names an error of writing down what another pager needs, when the disk is full; anything else is passed on as it is */
export function nameDiskFull(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code !== "ENOSPC" && code !== "EDQUOT") return error
  return new PlatformError(
    "capacity_exhausted",
    "the disk is full: what is to be known of the VM cannot be noted",
    {
      cause: error,
    },
  )
}
