import { PlatformError } from "@thaw/model"
import type { Command } from "commander"

import { openContext, type CliContext, type CliEnvironment } from "../cli-context.ts"
import { openClient } from "../connection/open-client.ts"
import { planCopy, type CopyPlan } from "../copy/copy-place.ts"
import { CopyTally } from "../copy/copy-tally.ts"
import { downloadPath, downloadStream } from "../copy/download.ts"
import { uploadPath, uploadStream } from "../copy/upload.ts"

export function addCpCommand(program: Command, environment: CliEnvironment): void {
  program
    .command("cp <source> <target>")
    .description(
      "copy a file or directory into or out of a sandbox; in it: <id>:<path>; - is standard input or output",
    )
    .option("--user <name>", "whose rights are used in the sandbox (default: the template's user)")
    .action(async (source: string, target: string, options: { user?: string }, command: Command) => {
      const context = openContext(command, environment)
      await cp(context, planCopy(source, target), options)
    })
}

async function cp(context: CliContext, plan: CopyPlan, asUser: { user?: string }): Promise<void> {
  const tally = new CopyTally()
  const end = { client: await openClient(context), id: plan.id, asUser }
  if (plan.direction === "upload") {
    if (plan.from.kind === "stream") await uploadStream(end, process.stdin, plan.to, tally)
    else await uploadPath(end, plan.from.path, plan.to, tally)
  } else if (plan.to.kind === "stream") {
    if (context.output.json)
      throw new PlatformError("invalid_argument", "--json cannot be used when the file goes to -")
    await downloadStream(end, plan.from, process.stdout, tally)
  } else {
    await downloadPath(end, plan.from, plan.to.path, tally)
  }
  for (const path of tally.skipped)
    context.output.progress(`left out "${path}": not a file, directory or symlink`)
  context.output.result(tally, "")
}
