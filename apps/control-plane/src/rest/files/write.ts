import { parseMode, type ROUTES } from "@thaw/api"
import type { hostAgent } from "@thaw/rpc"

import type { Context } from "../../context.ts"
import { toLocation } from "../../operations/file-target.ts"
import { findSandboxFor } from "../../operations/find-sandbox.ts"
import { writeFile } from "../../operations/write-file.ts"
import type { RouteHandler } from "../route-handler.ts"
import { dropBody } from "./drop-body.ts"
import { toFileEntryBody } from "./to-file-entry-body.ts"
import { pairUploads, type Upload } from "./pair-uploads.ts"
import { readUploadParts } from "./upload-parts.ts"

/** Uploads files: each is written when its path and its content are both there */
export function writeFilesRoute(context: Context): RouteHandler<typeof ROUTES.writeFiles> {
  return async ({ id, request }) => {
    await findSandboxFor(context, id, "files")
    const entries: hostAgent.FileEntry[] = []
    const write = async (upload: Upload) => {
      entries.push(
        await writeFile(context, {
          location: toLocation(id, { path: upload.path, user: upload.user }),
          mode: upload.mode === undefined ? undefined : parseMode(upload.mode),
          content: upload.content,
        }),
      )
    }
    try {
      await pairUploads(readUploadParts(request), { write, spoolDir: context.spoolDir })
    } catch (error) {
      dropBody(request.raw)
      throw error
    }
    return { entries: entries.map(toFileEntryBody) }
  }
}
