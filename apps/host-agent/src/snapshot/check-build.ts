import { open } from "node:fs/promises"
import { join } from "node:path"

import {
  BUILD_FOOTER_BYTES,
  SnapshotFormatError,
  decodeBuildFooter,
  type BuildId,
  type MemoryHeader,
} from "@thaw/snapshot-format"

/** How far into each build's data a header reaches */
export function usedBytesOfBuilds(header: MemoryHeader): ReadonlyMap<BuildId, number> {
  const used = new Map<BuildId, number>()
  for (const { build, buildOffsetBytes, lengthBytes } of header.mappings) {
    if (build === undefined) continue
    used.set(build, Math.max(used.get(build) ?? 0, buildOffsetBytes + lengthBytes))
  }
  return used
}

/**
 * Checks that a build is there, whole, and as long as it is used. The blocks themselves are checked by who reads them.
 *
 * Throws with what is wrong with it, or an error of the system call.
 */
export async function checkBuild(
  buildsDir: string,
  { build, usedBytes }: { readonly build: BuildId; readonly usedBytes: number },
): Promise<void> {
  const { fileBytes, tail } = await readTail(join(buildsDir, build), build)
  if (fileBytes < usedBytes + BUILD_FOOTER_BYTES) {
    throw new Error(
      `build "${build}" is truncated: it has ${fileBytes} bytes, of which ${usedBytes} are used`,
    )
  }
  const footer = decodeFooter(build, { fileBytes, tail })
  if (footer.buildId !== build)
    throw new Error(`build "${build}" is damaged: it says it is "${footer.buildId}"`)
  if (footer.dataBytes < usedBytes) {
    throw new Error(`build "${build}" holds ${footer.dataBytes} bytes, of which ${usedBytes} are used`)
  }
}

async function readTail(path: string, build: BuildId): Promise<{ fileBytes: number; tail: Buffer }> {
  let file
  try {
    file = await open(path, "r")
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error
    throw new Error(`build "${build}" is missing`, { cause: error })
  }
  await using _ = file
  const { size } = await file.stat()
  const tail = Buffer.alloc(Math.min(size, BUILD_FOOTER_BYTES))
  const { bytesRead } = await file.read(tail, 0, tail.length, size - tail.length)
  return { fileBytes: size, tail: tail.subarray(0, bytesRead) }
}

function decodeFooter(build: BuildId, { fileBytes, tail }: { fileBytes: number; tail: Buffer }) {
  try {
    return decodeBuildFooter(tail, fileBytes)
  } catch (error) {
    if (!(error instanceof SnapshotFormatError)) throw error
    const state = error.code === "unsupported_version" ? "is of another version" : "is truncated or damaged"
    throw new Error(`build "${build}" ${state}: ${error.message}`, { cause: error })
  }
}
