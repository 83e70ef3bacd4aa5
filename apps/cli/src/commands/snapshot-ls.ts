import { TEMPLATE_TYPES, type TemplateBody, type TemplateType } from "@thaw/api"
import { Option, type Command } from "commander"

import { openContext, type CliEnvironment } from "../cli-context.ts"
import { openClient } from "../connection/open-client.ts"
import { givenOnly } from "../option-values.ts"
import { formatBytes } from "../output/format-bytes.ts"
import { formatDuration } from "../output/format-duration.ts"
import { formatTable } from "../output/format-table.ts"

const ANY = "any"

export function addSnapshotLsCommand(parent: Command, environment: CliEnvironment): void {
  parent
    .command("ls")
    .description("list what sandboxes can be made from: base templates and snapshots")
    .addOption(new Option("--type <type>", "only those of this type").choices(TEMPLATE_TYPES))
    .action(async (options: { type?: TemplateType }, command: Command) => {
      const context = openContext(command, environment)
      const client = await openClient(context)
      const { items } = await client.listSnapshots(givenOnly({ type: options.type }))
      context.output.result({ items }, formatSnapshots(items, Date.now()))
    })
}

export function formatSnapshots(snapshots: readonly TemplateBody[], nowMs: number): string {
  const rows = snapshots.map((snapshot) => [
    snapshot.name,
    snapshot.type,
    String(snapshot.vcpus ?? ANY),
    String(snapshot.memory_mib ?? ANY),
    formatBytes(snapshot.size_bytes),
    formatDuration(Math.max(0, nowMs - Date.parse(snapshot.created_at))),
    snapshot.parent ?? "",
    snapshot.sandbox_id ?? "",
  ])
  const heading = ["NAME", "TYPE", "VCPUS", "MEMORY MIB", "ON DISK", "AGE", "PARENT", "SANDBOX"]
  return formatTable([heading, ...rows])
}
