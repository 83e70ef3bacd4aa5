import type { MessageInitShape } from "@bufbuild/protobuf"
import type { ServiceImpl } from "@connectrpc/connect"
import type { PagerService, pager } from "@thaw/rpc"

import type { AttachmentSet } from "../attachment/attachment-set.ts"
import type { VmStats } from "../fault-server/worker-messages.ts"
import { parseAttachRequest, parseTimeoutMs, parseVmId } from "./parse-request.ts"

type Handlers = Pick<
  ServiceImpl<typeof PagerService>,
  "attach" | "awaitReady" | "endRecording" | "detach" | "watchFailures"
>

/**
 * What the host agent asks about VMs.
 *
 * @param options `closing` ends the streams
 */
export function attachmentHandlers(
  attachments: AttachmentSet,
  options: { readonly handshakeTimeoutMs: number; readonly closing: AbortSignal },
): Handlers {
  return {
    async attach(request) {
      await attachments.attach(parseAttachRequest(request))
      return {}
    },
    async awaitReady({ id, timeoutMs }) {
      const limitMs = parseTimeoutMs(timeoutMs, options.handshakeTimeoutMs)
      return toStatsMessage(await attachments.awaitReady(parseVmId(id), limitMs))
    },
    async endRecording({ id }) {
      return { pages: BigInt(await attachments.endRecording(parseVmId(id))) }
    },
    async detach({ id }) {
      const { stats, failure } = await attachments.detach(parseVmId(id))
      return { ...toStatsMessage(stats), failure: failure?.message ?? "" }
    },
    async *watchFailures(_request, context) {
      yield* attachments.watchFailures(AbortSignal.any([context.signal, options.closing]))
    },
  }
}

function toStatsMessage(stats: VmStats): MessageInitShape<typeof pager.AttachmentStatsSchema> {
  return {
    faults: BigInt(stats.faults),
    pagesCopied: BigInt(stats.pagesCopied),
    pagesZeroed: BigInt(stats.pagesZeroed),
    pagesPrefetched: BigInt(stats.pagesPrefetched),
    prefetchMs: stats.prefetchMs,
    faultUsP50: stats.faultUsP50,
    faultUsP99: stats.faultUsP99,
  }
}
