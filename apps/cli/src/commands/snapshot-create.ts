import type { TemplateBody } from "@thaw/api"
import type { Command } from "commander"

import { openContext, type CliEnvironment } from "../cli-context.ts"
import { openClient } from "../connection/open-client.ts"
import { formatBytes } from "../output/format-bytes.ts"
import { formatDuration } from "../output/format-duration.ts"

export function addSnapshotCreateCommand(parent: Command, environment: CliEnvironment): void {
  parent
    .command("create <sandbox> [name]")
    .description("freeze a running or paused sandbox into a template and print its name; the sandbox goes on")
    .option("--overwrite", "replace the snapshot of that name")
    .addHelpText("after", "\nWithout a name one is made up.")
    .action(
      async (
        sandboxId: string,
        name: string | undefined,
        options: { overwrite?: boolean },
        command: Command,
      ) => {
        const context = openContext(command, environment)
        const client = await openClient(context)
        const body = { sandbox_id: sandboxId, ...(name === undefined ? {} : { name }) }
        const snapshot = await client.createSnapshot(body, { overwrite: options.overwrite === true })
        if (!context.output.json) context.output.progress(sumUp(snapshot))
        context.output.result(snapshot, `${snapshot.name}\n`)
      },
    )
}

function sumUp({ stop_ms: stopMs = 0, size_bytes: sizeBytes }: TemplateBody): string {
  // A sandbox that was paused stood still already.
  const stop = stopMs === 0 ? "" : `the sandbox stood still for ${formatDuration(stopMs)}, `
  return `${stop}${formatBytes(sizeBytes)} on disk`
}
