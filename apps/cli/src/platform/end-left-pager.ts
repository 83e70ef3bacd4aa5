import { endProcess } from "@thaw/linux"

import type { CliContext } from "../cli-context.ts"
import { isSupervised } from "./end-platform-processes.ts"
import { findPagers } from "./find-pagers.ts"
import { findVmms } from "./find-vmms.ts"
import { readPlatformRecord } from "./platform-record.ts"

const PAGER_GRACE_MS = 5_000

/**
 * Ends the pager that a host agent which could not shut down in order has left, unless VMs still need it: without their pager they
 * stand still at the next page they touch.
 *
 * @param options `force`: also when VMs are left
 */
export async function endLeftPager(
  context: Pick<CliContext, "paths" | "output">,
  options: { force: boolean },
): Promise<void> {
  const { dataDir } = context.paths
  const pagers = await findPagers(dataDir)
  if (pagers.length === 0) return
  if (!options.force && (await findVmms(dataDir)).length > 0) return
  // A platform that was started meanwhile has a use for it.
  const record = await readPlatformRecord(context.paths.record)
  if (record !== undefined && (await isSupervised(record))) return
  for (const pager of pagers) {
    await endProcess(pager, { graceMs: PAGER_GRACE_MS })
    context.output.progress(`ended pager (pid ${pager.pid}), left without a sandbox to serve`)
  }
}
