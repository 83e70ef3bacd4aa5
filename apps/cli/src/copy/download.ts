import { chmod, lstat, mkdir, stat, symlink } from "node:fs/promises"
import { join } from "node:path"
import type { Writable } from "node:stream"
import { pipeline } from "node:stream/promises"

import { parseMode, type FileEntryBody } from "@thaw/api"
import { PlatformError } from "@thaw/model"
import type { AsUser, ThawClient } from "@thaw/sdk"

import type { CopyTally } from "./copy-tally.ts"
import { nameOfCopy, nameOfEntry, pathOfEntry } from "./entry-path.ts"
import { writeLocalFile } from "./write-local-file.ts"

/** What is set of a mode here: set-uid and set-gid from a sandbox are not to be trusted on this machine */
const MODE_MASK = 0o777

export interface DownloadSource {
  readonly client: ThawClient
  readonly id: string
  readonly asUser: AsUser
}

interface Symlink {
  readonly path: string
  readonly pointsTo: string
}

/** Copies a file or directory of a sandbox here, as `cp -r` does: into `to` when that is a directory, else under that name */
export async function downloadPath(
  source: DownloadSource,
  from: string,
  to: string,
  tally: CopyTally,
): Promise<void> {
  const entry = await source.client.files(source.id).stat(from, source.asUser)
  const target = await resolveTarget(to, nameOfCopy(from, entry))
  const symlinks: Symlink[] = []
  await downloadEntry(source, { entry, to: target, symlinks }, tally)
  // Last of all, so that a link made by an untrusted sandbox cannot lead any of the files elsewhere.
  for (const link of symlinks) await makeSymlink(link)
  tally.symlinks += symlinks.length
}

/** Copies a file of a sandbox to a stream */
export async function downloadStream(
  source: DownloadSource,
  from: string,
  to: Writable,
  tally: CopyTally,
): Promise<void> {
  const content = await source.client.files(source.id).read(from, source.asUser)
  content.on("data", (chunk: Buffer) => (tally.bytes += chunk.length))
  await pipeline(content, to, { end: false })
  tally.files += 1
}

async function downloadEntry(
  source: DownloadSource,
  copy: { entry: FileEntryBody; to: string; symlinks: Symlink[] },
  tally: CopyTally,
): Promise<void> {
  const { entry, to } = copy
  const mode = parseMode(entry.mode) & MODE_MASK
  switch (entry.type) {
    case "directory":
      await downloadDirectory(source, { ...copy, mode }, tally)
      break
    case "file": {
      const content = await source.client.files(source.id).read(pathOfEntry(entry), source.asUser)
      tally.bytes += await writeLocalFile(to, content, mode)
      tally.files += 1
      break
    }
    case "symlink":
      copy.symlinks.push({ path: to, pointsTo: targetOfSymlink(entry) })
      break
    case "other":
      tally.skipped.push(pathOfEntry(entry))
      break
  }
}

async function downloadDirectory(
  source: DownloadSource,
  copy: { entry: FileEntryBody; to: string; symlinks: Symlink[]; mode: number },
  tally: CopyTally,
): Promise<void> {
  const path = pathOfEntry(copy.entry)
  const listing = await source.client.files(source.id).list(path, source.asUser)
  if (listing.truncated === true) {
    const message = `"${path}" has more than the ${listing.entries.length} entries that can be listed; copy it as an archive`
    throw new PlatformError("unimplemented", message)
  }
  await makeRealDirectory(copy.to)
  for (const entry of listing.entries) {
    const to = join(copy.to, nameOfEntry(entry))
    await downloadEntry(source, { entry, to, symlinks: copy.symlinks }, tally)
  }
  // After its entries: the mode may forbid writing.
  await chmod(copy.to, copy.mode)
  tally.directories += 1
}

/** Makes a directory, or takes the one that is there; never one behind a symlink */
async function makeRealDirectory(path: string): Promise<void> {
  const isNew = (await mkdir(path).catch(ignoreExisting)) !== "exists"
  if (isNew || (await lstat(path)).isDirectory()) return
  throw new PlatformError("already_exists", `"${path}" is there and is not a directory`)
}

async function makeSymlink(link: Symlink): Promise<void> {
  if ((await symlink(link.pointsTo, link.path).catch(ignoreExisting)) !== "exists") return
  throw new PlatformError("already_exists", `"${link.path}" is there; a symlink does not replace it`)
}

function targetOfSymlink(entry: FileEntryBody): string {
  if (entry.symlink_target !== undefined && entry.symlink_target_encoding === undefined)
    return entry.symlink_target
  throw new PlatformError(
    "unimplemented",
    `the symlink "${entry.path}" has no UTF-8 target and cannot be copied`,
  )
}

function ignoreExisting(error: NodeJS.ErrnoException): "exists" {
  if (error.code === "EEXIST") return "exists"
  throw error
}

async function resolveTarget(to: string, name: string): Promise<string> {
  const entry = await stat(to).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined
    throw error
  })
  if (entry?.isDirectory() === true) return join(to, name)
  if (to.endsWith("/")) throw new PlatformError("not_found", `"${to}" is not a directory`)
  return to
}
