import { rename, rm } from "node:fs/promises"
import { dirname } from "node:path"

import { syncDirectory } from "@thaw/linux"
import type { PagerClient } from "@thaw/rpc"
import type { BuildId, MemoryHeader } from "@thaw/snapshot-format"

import { checkBuild, usedBytesOfBuilds } from "./check-build.ts"
import { readHeader } from "./read-header.ts"
import { syncFile } from "./synced-file.ts"

/** Copying the memory of the largest guest on a slow disk */
const COMPACT_TIMEOUT_MS = 600_000

export interface CompactionReport {
  readonly mergedBuilds: number
  readonly buildId: string
  readonly bytesWritten: number
}

/**
 * Has the pager write one build of several, and puts the header that names it in place of the old one by one rename. Before that the
 * new build is garbage, after it the old ones are; either is a sweep's.
 */
export async function compactSnapshot(
  pager: Pick<PagerClient, "compact">,
  job: {
    readonly headerPath: string
    readonly buildsDir: string
    readonly merge: ReadonlySet<BuildId>
    readonly buildId: string
  },
): Promise<CompactionReport> {
  const { headerPath, buildsDir, merge, buildId } = job
  const newHeaderPath = `${headerPath}.new`
  await using stack = new AsyncDisposableStack()
  stack.defer(() => rm(newHeaderPath, { force: true }))
  await rm(newHeaderPath, { force: true })
  const before = await readHeader(headerPath)
  const { bytesWritten } = await pager.compact(
    { headerPath, buildsDir, mergeBuildIds: [...merge], buildId, newHeaderPath },
    { timeoutMs: COMPACT_TIMEOUT_MS },
  )
  await checkEqual(before, await readHeader(newHeaderPath), job)
  await syncFile(newHeaderPath)
  await rename(newHeaderPath, headerPath)
  await syncDirectory(dirname(headerPath))
  return { mergedBuilds: merge.size, buildId, bytesWritten: Number(bytesWritten) }
}

/** Once the old builds are gone there is no way back */
async function checkEqual(
  before: MemoryHeader,
  after: MemoryHeader,
  { buildsDir, merge }: { readonly buildsDir: string; readonly merge: ReadonlySet<BuildId> },
): Promise<void> {
  const used = usedBytesOfBuilds(after)
  if (after.memoryBytes !== before.memoryBytes || after.generation !== before.generation) {
    throw new Error("compact a snapshot: the new header is not of the same memory")
  }
  for (const [build, usedBytes] of used) {
    if (merge.has(build)) throw new Error(`compact a snapshot: the new header still names build "${build}"`)
    await checkBuild(buildsDir, { build, usedBytes })
  }
}
