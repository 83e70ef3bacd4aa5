import type { Command } from "commander"

import type { CliEnvironment } from "../cli-context.ts"
import { addSnapshotCreateCommand } from "./snapshot-create.ts"
import { addSnapshotGetCommand } from "./snapshot-get.ts"
import { addSnapshotInspectCommand } from "./snapshot-inspect.ts"
import { addSnapshotLsCommand } from "./snapshot-ls.ts"
import { addSnapshotRmCommand } from "./snapshot-rm.ts"

export function addSnapshotCommands(program: Command, environment: CliEnvironment): void {
  const snapshot = program
    .command("snapshot")
    .description("freeze sandboxes into templates, and list, show, inspect and delete them")
  addSnapshotCreateCommand(snapshot, environment)
  addSnapshotLsCommand(snapshot, environment)
  addSnapshotGetCommand(snapshot, environment)
  addSnapshotInspectCommand(snapshot, environment)
  addSnapshotRmCommand(snapshot, environment)
}
