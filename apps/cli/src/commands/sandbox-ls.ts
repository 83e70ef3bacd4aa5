import type { SandboxBody } from "@thaw/api"
import { SANDBOX_STATUSES, type SandboxStatus } from "@thaw/model"
import type { Command } from "commander"

import { openContext, type CliEnvironment } from "../cli-context.ts"
import { openClient } from "../connection/open-client.ts"
import { collectPair, collectValue, givenOnly } from "../option-values.ts"
import { formatDuration } from "../output/format-duration.ts"
import { formatTable } from "../output/format-table.ts"
import { describeLife } from "../view/describe-life.ts"

interface LsOptions {
  readonly status?: string[]
  readonly template?: string
  readonly metadata?: Record<string, string>
  readonly all?: boolean
}

export function addSandboxLsCommand(parent: Command, environment: CliEnvironment): void {
  parent
    .command("ls")
    .description("list sandboxes, running, paused or in error, newest first; stopped ones are left out")
    .option("--status <status>", "only those in this status; may be repeated", collectValue)
    .option("--template <name>", "only those of this template")
    .option("--metadata <key=value>", "only those with this label; may be repeated", collectPair)
    .option("-a, --all", "stopped ones as well")
    .action(async (options: LsOptions, command: Command) => {
      const context = openContext(command, environment)
      const client = await openClient(context)
      const filter = {
        status: selectStatuses(options),
        ...givenOnly({ template: options.template, metadata: options.metadata }),
      }
      const sandboxes = await Array.fromAsync(client.eachSandbox(filter))
      context.output.result({ items: sandboxes }, formatSandboxes(sandboxes, Date.now()))
    })
}

/** The statuses to ask for. Unknown ones are left to the server, which names the known ones. */
export function selectStatuses(options: { status?: readonly string[]; all?: boolean }): SandboxStatus[] {
  if (options.status !== undefined) return options.status as SandboxStatus[]
  return SANDBOX_STATUSES.filter((status) => options.all === true || status !== "stopped")
}

export function formatSandboxes(sandboxes: readonly SandboxBody[], nowMs: number): string {
  const rows = sandboxes.map((sandbox) => [
    sandbox.id,
    sandbox.status,
    sandbox.template,
    String(sandbox.vcpus),
    String(sandbox.memory_mib),
    formatDuration(Math.max(0, nowMs - Date.parse(sandbox.created_at))),
    describeLife(sandbox, nowMs),
    Object.entries(sandbox.metadata)
      .map(([key, value]) => `${key}=${value}`)
      .join(" "),
  ])
  return formatTable([
    ["ID", "STATUS", "TEMPLATE", "VCPUS", "MEMORY MIB", "AGE", "LIFE", "METADATA"],
    ...rows,
  ])
}
