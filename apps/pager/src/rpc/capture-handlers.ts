import type { ServiceImpl } from "@connectrpc/connect"
import type { PagerService } from "@thaw/rpc"

import type { AttachmentSet } from "../attachment/attachment-set.ts"
import type { CaptureWorker } from "../capture/capture-worker.ts"
import { parseBuildIdField, parseByteCount, parsePath, parseVmId } from "./parse-request.ts"

type Handlers = Pick<ServiceImpl<typeof PagerService>, "capture" | "compact">

/** What the host agent has written: a job ends with the call that asked for it */
export class CaptureHandlers {
  readonly #captures: CaptureWorker
  readonly #compactions: CaptureWorker
  readonly #attachments: AttachmentSet
  #runningCount = 0

  /** @param parts `compactions` is another worker: a guest stands still for as long as its capture waits */
  constructor(parts: {
    readonly captures: CaptureWorker
    readonly compactions: CaptureWorker
    readonly attachments: AttachmentSet
  }) {
    this.#captures = parts.captures
    this.#compactions = parts.compactions
    this.#attachments = parts.attachments
  }

  get isBusy(): boolean {
    return this.#runningCount > 0
  }

  get handlers(): Handlers {
    return {
      capture: async (request, context) => {
        const { attachmentId, parentHeaderPath } = request
        const captureRequest = {
          memoryPath: parsePath("memory_path", request.memoryPath),
          memoryBytes: parseByteCount("memory_bytes", request.memoryBytes),
          parentHeaderPath:
            parentHeaderPath === "" ? undefined : parsePath("parent_header_path", parentHeaderPath),
          buildsDir: parsePath("builds_dir", request.buildsDir),
          buildId: parseBuildIdField("build_id", request.buildId),
          headerPath: parsePath("header_path", request.headerPath),
        }
        const removed = attachmentId === "" ? [] : await this.#removedRanges(parseVmId(attachmentId))
        const result = await this.#count(
          this.#captures.capture({ ...captureRequest, removed }, context.signal),
        )
        return {
          ...result,
          pagesScanned: BigInt(result.pagesScanned),
          dataPages: BigInt(result.dataPages),
          zeroPages: BigInt(result.zeroPages),
          bytesWritten: BigInt(result.bytesWritten),
        }
      },
      compact: async (request, context) => {
        const compactRequest = {
          headerPath: parsePath("header_path", request.headerPath),
          buildsDir: parsePath("builds_dir", request.buildsDir),
          mergeBuildIds: request.mergeBuildIds.map((id) => parseBuildIdField("merge_build_ids", id)),
          buildId: parseBuildIdField("build_id", request.buildId),
          newHeaderPath: parsePath("new_header_path", request.newHeaderPath),
        }
        const result = await this.#count(this.#compactions.compact(compactRequest, context.signal))
        return { dataPages: BigInt(result.dataPages), bytesWritten: BigInt(result.bytesWritten) }
      },
    }
  }

  async #removedRanges(id: string): Promise<{ offsetBytes: number; lengthBytes: number }[]> {
    const removed = await this.#attachments.removedRanges(id)
    return removed.map(({ start, end }) => ({ offsetBytes: start, lengthBytes: end - start }))
  }

  async #count<Result>(job: Promise<Result>): Promise<Result> {
    this.#runningCount++
    try {
      return await job
    } finally {
      this.#runningCount--
    }
  }
}
