import { MIB } from "@thaw/model"
import type { Command } from "commander"

import { openContext, type CliEnvironment } from "../cli-context.ts"
import { formatTable } from "../output/format-table.ts"

export function addTemplateLsCommand(parent: Command, environment: CliEnvironment): void {
  parent
    .command("ls")
    .description("list the templates of this host")
    .action(async (_options: unknown, command: Command) => {
      const context = openContext(command, environment)
      const { TemplateStore, hostPaths } = await import("@thaw/host-agent")
      const templates = await new TemplateStore(hostPaths(context.paths.dataDir)).list()
      const items = templates.map(({ name, buildId, sizeBytes, manifest }) => ({
        name,
        build_id: buildId,
        created_at: manifest.createdAt,
        size_bytes: sizeBytes,
        allocated_bytes: manifest.rootfs.allocatedBytes,
        packages: Object.keys(manifest.packages).length,
      }))
      const rows = items.map((item) => [
        item.name,
        item.build_id,
        item.created_at,
        String(Math.round(item.size_bytes / MIB)),
        String(Math.round(item.allocated_bytes / MIB)),
      ])
      context.output.result(
        { items },
        formatTable([["NAME", "BUILD", "CREATED", "SIZE MIB", "ON DISK MIB"], ...rows]),
      )
    })
}
