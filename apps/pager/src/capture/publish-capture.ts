import { existsSync, rmSync } from "node:fs"

import type { BuildDraft } from "./build-draft.ts"
import { FileDraft, syncDirectoryOf } from "./file-draft.ts"

/**
 * Publishes a build and then the header that names it; both, or nothing. A header that is at `headerPath` already is replaced.
 *
 * @returns What both occupy on disk
 */
export function publishCapture(build: BuildDraft, header: Uint8Array, headerPath: string): number {
  using undo = new DisposableStack()
  const replacesHeader = existsSync(headerPath)
  const headerDraft = undo.use(new FileDraft(headerPath))
  headerDraft.append(header)
  undo.defer(() => rmSync(build.path, { force: true }))
  const { allocatedBytes: buildBytes } = build.publish()
  syncDirectoryOf(build.path)
  if (!replacesHeader) undo.defer(() => rmSync(headerPath, { force: true }))
  const { allocatedBytes: headerBytes } = headerDraft.publish()
  // The old header is gone: there is no way back, and the build the new one names must stay.
  if (replacesHeader) undo.move()
  syncDirectoryOf(headerPath)
  if (!replacesHeader) undo.move()
  return buildBytes + headerBytes
}
