import { PlatformError } from "@thaw/model"

/** A VMM that made its userfaultfd one that blocks: whoever reads that may wait for ever, and all others of the worker with it */
export function blockingVmm(): PlatformError {
  return new PlatformError("invalid_argument", "the VMM made its userfaultfd block")
}
