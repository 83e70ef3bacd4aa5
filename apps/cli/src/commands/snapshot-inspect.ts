import { describeHeader, formatHeader, type MemoryHeader } from "@thaw/snapshot-format"
import type { Command } from "commander"

import { openContext, type CliContext, type CliEnvironment } from "../cli-context.ts"
import { findHeader } from "../inspect/find-header.ts"
import { readHeader } from "../inspect/read-header.ts"
import { wholeNumber } from "../option-values.ts"

const MAPPINGS_DEFAULT = 16

export function addSnapshotInspectCommand(parent: Command, environment: CliEnvironment): void {
  parent
    .command("inspect <what>")
    .description("show where the memory of a frozen sandbox is stored; reads this host's files, not the API")
    .option(
      "--mappings <n>",
      "how many stretches of memory to list",
      wholeNumber(0, Number.MAX_SAFE_INTEGER),
      MAPPINGS_DEFAULT,
    )
    .addHelpText(
      "after",
      "\n<what> is the id of a sandbox, the name of a snapshot, or a file (memfile.header). A damaged one is an error (1).",
    )
    .action(async (what: string, options: { mappings: number }, command: Command) => {
      await inspect(openContext(command, environment), what, options.mappings)
    })
}

async function inspect(context: CliContext, what: string, mappingsMax: number): Promise<void> {
  const { hostPaths } = await import("@thaw/host-agent")
  const path = await findHeader(what, hostPaths(context.paths.dataDir))
  const header = await readHeader(path)
  context.output.result(toValue(path, header, mappingsMax), `${path}\n\n${formatHeader(header, mappingsMax)}`)
}

function toValue(path: string, header: MemoryHeader, mappingsMax: number) {
  const description = describeHeader(header, mappingsMax)
  return {
    path,
    build_id: description.buildId,
    base_build_id: description.baseBuildId,
    generation: description.generation,
    memory_bytes: description.memoryBytes,
    zero_bytes: description.zeroBytes,
    builds: description.builds.map(({ build, bytes, mappings }) => ({ build_id: build, bytes, mappings })),
    mapping_count: description.mappingCount,
    mappings: description.firstMappings.map((mapping) => ({
      offset_bytes: mapping.offsetBytes,
      length_bytes: mapping.lengthBytes,
      /** Null: zero memory */
      build_id: mapping.build ?? null,
      build_offset_bytes: mapping.buildOffsetBytes,
    })),
  }
}
