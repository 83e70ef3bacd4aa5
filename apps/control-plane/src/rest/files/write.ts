import { parseMode, type ROUTES } from "@thaw/api"
import { PlatformError } from "@thaw/model"
import type { hostAgent } from "@thaw/rpc"

import type { Context } from "../../context.ts"
import { toLocation } from "../../operations/file-target.ts"
import { findSandboxFor } from "../../operations/find-sandbox.ts"
import { writeFile } from "../../operations/write-file.ts"
import { clientGone } from "../client-gone.ts"
import type { RouteHandler } from "../route-handler.ts"
import { toPlatformError } from "../to-platform-error.ts"
import { dropBody } from "./drop-body.ts"
import { limitIdle } from "./limit-idle.ts"
import { toFileEntryBody } from "./to-file-entry-body.ts"
import { pairUploads, type Upload } from "./pair-uploads.ts"
import { readUploadParts } from "./upload-parts.ts"

/** Uploads files: each is written when its path and its content are both there */
export function writeFilesRoute(context: Context): RouteHandler<typeof ROUTES.writeFiles> {
  return async ({ id, request, reply }) => {
    limitIdle(request)
    const signal = clientGone(reply)
    await findSandboxFor(context, id, "files")
    const entries: hostAgent.FileEntry[] = []
    const write = async (upload: Upload) => {
      entries.push(
        await writeFile(context, {
          location: toLocation(id, { path: upload.path, user: upload.user }),
          mode: upload.mode === undefined ? undefined : parseMode(upload.mode),
          content: upload.content,
          signal,
        }),
      )
    }
    try {
      await pairUploads(readUploadParts(request), { write, spoolDir: context.spoolDir })
    } catch (error) {
      dropBody(request.raw)
      throw withWritten(error, entries)
    }
    return { entries: entries.map(toFileEntryBody) }
  }
}

/** Files that are written stay so when a later part of the form is wrong: the error tells them */
function withWritten(thrown: unknown, entries: readonly hostAgent.FileEntry[]): unknown {
  if (entries.length === 0) return thrown
  const error = toPlatformError(thrown)
  return new PlatformError(error.code, error.message, {
    details: { ...error.details, written: entries.map(toFileEntryBody) },
    cause: thrown,
    ...(error.internal === undefined ? {} : { internal: error.internal }),
  })
}
