import { statSync } from "node:fs"
import { readFile, rm, truncate, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { crc32 } from "node:zlib"

import { BLOCK_BYTES, BUILD_FOOTER_BYTES, decodeHeader, namedBuilds } from "@thaw/snapshot-format"

/** The files that a paused sandbox is restored from */
export interface FrozenFiles {
  readonly headerPath: string
  readonly statePath: string
  /** With the memory that changed since the sandbox was restored */
  readonly buildPath: string
  readonly buildId: string
  /** With most of the memory that is not the template's */
  readonly largestBuildPath: string
  /** With memory of the template, which others need too */
  readonly baseBuildPath: string
}

const VERSION_OFFSET = 8

export async function findFrozenFiles(dataDir: string, sandboxId: string): Promise<FrozenFiles> {
  const recordPath = join(dataDir, "sandboxes", sandboxId, "record.json")
  const { snapshotId } = JSON.parse(await readFile(recordPath, "utf8")) as { snapshotId: string }
  const directory = join(dataDir, "snapshots", snapshotId)
  const headerPath = join(directory, "memfile.header")
  const header = decodeHeader(await readFile(headerPath))
  const { buildId, baseBuildId } = header
  const [largest] = [...namedBuilds(header)]
    .filter((build) => build !== baseBuildId)
    .map((build) => ({ build, sizeBytes: statSync(join(dataDir, "builds", build)).size }))
    .toSorted((one, other) => other.sizeBytes - one.sizeBytes)
  return {
    headerPath,
    statePath: join(directory, "vmstate"),
    buildPath: join(dataDir, "builds", buildId),
    buildId,
    largestBuildPath: join(dataDir, "builds", largest?.build ?? buildId),
    baseBuildPath: join(dataDir, "builds", baseBuildId),
  }
}

/** Changes a file until the result is disposed */
export async function damage(
  path: string,
  edit: (bytes: Buffer) => Buffer | undefined,
): Promise<AsyncDisposable> {
  const whole = await readFile(path)
  const edited = edit(Buffer.from(whole))
  if (edited === undefined) await rm(path)
  else {
    await writeFile(path, edited)
    await truncate(path, edited.length)
  }
  return { [Symbol.asyncDispose]: async () => await writeFile(path, whole, { mode: 0o600 }) }
}

/** A bit of every block's data */
export function flipInEveryBlock(bytes: Buffer): Buffer {
  const dataBytes = Math.floor((bytes.length - BUILD_FOOTER_BYTES) / (BLOCK_BYTES + 4)) * BLOCK_BYTES
  for (let at = 100; at < dataBytes; at += BLOCK_BYTES) flip(bytes, at)
  return bytes
}

export function flip(bytes: Buffer, at: number): Buffer {
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  return bytes
}

/** A header as a later version would write it: its checksum is right */
export function asLaterVersion(bytes: Buffer): Buffer {
  bytes.writeUInt32LE(99, VERSION_OFFSET)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.length - 4)
  return bytes
}
