import type { ServiceImpl } from "@connectrpc/connect"
import { PlatformError } from "@thaw/model"
import type { PagerService } from "@thaw/rpc"

import type { AttachmentSet } from "../attachment/attachment-set.ts"

export interface PagerHandlerOptions {
  /** Of the sources */
  readonly version: string
  readonly attachments: AttachmentSet
  /** Whether a VM is served or memory is being written */
  readonly isBusy: () => boolean
  readonly shutdown: () => void
}

/** What the host agent asks about the pager itself */
export function pagerHandlers(
  options: PagerHandlerOptions,
): Pick<ServiceImpl<typeof PagerService>, "getPager" | "shutdown"> {
  return {
    getPager: () => ({
      version: options.version,
      pid: process.pid,
      attachmentIds: options.attachments.liveIds,
    }),
    shutdown: () => {
      if (options.isBusy()) throw new PlatformError("wrong_state", "the pager serves VMs")
      options.shutdown()
      return {}
    },
  }
}
