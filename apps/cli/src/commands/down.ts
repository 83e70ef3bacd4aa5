import { endProcess } from "@thaw/linux"
import { PlatformError } from "@thaw/model"
import { ThawClient } from "@thaw/sdk"
import type { Command } from "commander"

import { openContext, type CliContext, type CliEnvironment } from "../cli-context.ts"
import { readLocalAccess } from "../connection/open-client.ts"
import { isSupervised } from "../platform/end-platform-processes.ts"
import { endLeftPager } from "../platform/end-left-pager.ts"
import { endStalePlatform } from "../platform/end-stale-platform.ts"
import { readPlatformRecord } from "../platform/platform-record.ts"

/** The supervisor gives each of its two processes 15 s */
const SUPERVISOR_GRACE_MS = 45_000

export function addDownCommand(program: Command, environment: CliEnvironment): void {
  program
    .command("down")
    .description("stop the platform; running sandboxes keep running, paused ones stay paused")
    .option("--destroy", "delete every sandbox first; snapshots stay")
    .action(async (options: { destroy?: boolean }, command: Command) => {
      await down(openContext(command, environment), options.destroy === true)
    })
}

async function down(context: CliContext, destroy: boolean): Promise<void> {
  const destroyed = destroy ? await destroySandboxes(context) : []
  const record = await readPlatformRecord(context.paths.record)
  if (record === undefined || !(await isSupervised(record))) {
    await endStalePlatform(context)
    await endLeftPager(context, { force: destroy })
    context.output.result({ was_running: false, destroyed }, "Thaw is not running\n")
    return
  }
  context.output.transient("… stopping")
  await endProcess(record.supervisor, { graceMs: SUPERVISOR_GRACE_MS })
  // Nothing is left of a supervisor that stopped in time; one that had to be killed leaves its processes.
  await endStalePlatform(context)
  await endLeftPager(context, { force: destroy })
  context.output.transient("")
  context.output.result({ was_running: true, destroyed }, "Thaw is stopped\n")
}

/** Deletes every sandbox through the API; all are tried before the first failure is reported */
async function destroySandboxes(context: CliContext): Promise<string[]> {
  const access = await readLocalAccess(context).catch((error: unknown) => requireNoneLeft(context, error))
  if (access === undefined) return []
  const client = new ThawClient(access)
  const destroyed: string[] = []
  const failures: string[] = []
  for await (const sandbox of client.eachSandbox()) {
    if (sandbox.status === "stopped") continue
    try {
      await client.deleteSandbox(sandbox.id)
      destroyed.push(sandbox.id)
      context.output.progress(`deleted ${sandbox.id}`)
    } catch (error) {
      failures.push(`${sandbox.id} (${error instanceof Error ? error.message : String(error)})`)
    }
  }
  if (failures.length > 0)
    throw new PlatformError("internal", `these sandboxes are not deleted: ${failures.join(", ")}`)
  return destroyed
}

/** Without a control plane nothing can be deleted: an error, unless nothing is left */
async function requireNoneLeft(context: CliContext, error: unknown): Promise<undefined> {
  if (!(error instanceof PlatformError) || error.code !== "unavailable") throw error
  const { listLocalSandboxes } = await import("../connection/list-local-sandboxes.ts")
  const left = await listLocalSandboxes(context.paths.dataDir)
  if (left.length === 0) return undefined
  const message = `no platform is running, so these sandboxes cannot be deleted: ${left.join(", ")}; run "thaw up" first`
  throw new PlatformError("unavailable", message, { cause: error, details: { sandboxes: left } })
}
