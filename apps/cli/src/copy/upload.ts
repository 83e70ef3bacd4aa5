import { createReadStream } from "node:fs"
import { lstat, readdir, readlink, stat } from "node:fs/promises"
import { basename, join, posix, resolve } from "node:path"
import type { Readable } from "node:stream"

import { formatMode, type FileEntryBody } from "@thaw/api"
import { PlatformError } from "@thaw/model"
import type { AsUser, ThawClient } from "@thaw/sdk"

import type { CopyTally } from "./copy-tally.ts"

const MODE_MASK = 0o7777
/** What its owner needs to fill a directory */
const MODE_OWNER_ALL = 0o700

export interface UploadTarget {
  readonly client: ThawClient
  readonly id: string
  readonly asUser: AsUser
}

/** Copies a local file or directory into a sandbox, as `cp -r` does: into `path` when that is a directory, else under that name */
export async function uploadPath(
  target: UploadTarget,
  from: string,
  path: string,
  tally: CopyTally,
): Promise<void> {
  await stat(from).catch((error: NodeJS.ErrnoException) => {
    throw new PlatformError("not_found", `"${from}" cannot be read (${error.code})`, { cause: error })
  })
  await uploadEntry(
    target,
    { from, to: await resolveTarget(target, path, basename(resolve(from))), isTop: true },
    tally,
  )
}

/** Copies a stream into a file of a sandbox */
export async function uploadStream(
  target: UploadTarget,
  from: Readable,
  path: string,
  tally: CopyTally,
): Promise<void> {
  await writeCounted(target, { content: from, path }, tally)
}

async function uploadEntry(
  target: UploadTarget,
  copy: { from: string; to: string; isTop: boolean },
  tally: CopyTally,
): Promise<void> {
  const { from, to } = copy
  const entry = copy.isTop ? await stat(from) : await lstat(from)
  const mode = entry.mode & MODE_MASK
  if (entry.isDirectory()) {
    await uploadDirectory(target, { from, to, mode }, tally)
  } else if (entry.isFile()) {
    await writeCounted(target, { content: createReadStream(from), path: to, mode }, tally)
  } else if (entry.isSymbolicLink()) {
    await uploadSymlink(target, { pointsTo: await readlink(from), path: to })
    tally.symlinks += 1
  } else {
    tally.skipped.push(from)
  }
}

async function uploadDirectory(
  target: UploadTarget,
  copy: { from: string; to: string; mode: number },
  tally: CopyTally,
): Promise<void> {
  const { from, to, mode } = copy
  const fillableMode = mode | MODE_OWNER_ALL
  await target.client.files(target.id).makeDir(to, { ...target.asUser, mode: fillableMode, parents: true })
  tally.directories += 1
  for (const name of (await readdir(from)).toSorted()) {
    await uploadEntry(target, { from: join(from, name), to: posix.join(to, name), isTop: false }, tally)
  }
  if (fillableMode === mode) return
  const args = [formatMode(mode), "--", to]
  await runOwnProgram(target, { cmd: "chmod", args, failure: `the mode of "${to}" cannot be set` })
}

async function writeCounted(
  target: UploadTarget,
  file: { content: Readable; path: string; mode?: number },
  tally: CopyTally,
): Promise<void> {
  const options = { ...target.asUser, ...(file.mode === undefined ? {} : { mode: file.mode }) }
  const entry = await target.client.files(target.id).write(file.path, file.content, options)
  tally.files += 1
  tally.bytes += entry.size
}

async function uploadSymlink(target: UploadTarget, link: { pointsTo: string; path: string }): Promise<void> {
  const args = ["-sfn", "--", link.pointsTo, link.path]
  await runOwnProgram(target, { cmd: "ln", args, failure: `the symlink "${link.path}" cannot be made` })
}

/** For what the API has no call: a program of the sandbox does it */
async function runOwnProgram(
  target: UploadTarget,
  program: { cmd: string; args: string[]; failure: string },
): Promise<void> {
  const { user } = target.asUser
  const { cmd, args, failure } = program
  const result = await target.client.exec(target.id, { cmd, args, ...(user === undefined ? {} : { user }) })
  if (result.exit_code === 0) return
  throw new PlatformError("internal", `${failure}: ${result.stderr.trim()}`)
}

async function resolveTarget(target: UploadTarget, path: string, name: string): Promise<string> {
  const entry = await statIfThere(target, path)
  if (entry?.type === "directory") return posix.join(path, name)
  if (path.endsWith("/")) throw new PlatformError("not_found", `"${path}" is not a directory of the sandbox`)
  return path
}

async function statIfThere(target: UploadTarget, path: string): Promise<FileEntryBody | undefined> {
  try {
    return await target.client.files(target.id).stat(path, target.asUser)
  } catch (error) {
    // A sandbox that is not there is found missing again by the copy itself.
    if (error instanceof PlatformError && error.code === "not_found") return undefined
    throw error
  }
}
