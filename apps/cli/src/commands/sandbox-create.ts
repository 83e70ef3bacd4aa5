import { LIMITS } from "@thaw/model"
import type { Command } from "commander"

import { openContext, type CliEnvironment } from "../cli-context.ts"
import { openClient } from "../connection/open-client.ts"
import { collectPair, givenOnly, wholeNumber } from "../option-values.ts"

interface CreateOptions {
  readonly template?: string
  readonly vcpus?: number
  readonly memoryMib?: number
  readonly timeoutSec?: number
  readonly metadata?: Record<string, string>
  readonly env?: Record<string, string>
}

/** Upper bounds depend on the host; the server knows them */
const NUMBER_MAX = Number.MAX_SAFE_INTEGER

export function addSandboxCreateCommand(parent: Command, environment: CliEnvironment): void {
  parent
    .command("create")
    .description("create a sandbox and print its id when it runs")
    .option("--template <name>", "template to start from (default: base)")
    .option("--vcpus <n>", `vCPUs (default: ${LIMITS.vcpusDefault})`, wholeNumber(1, NUMBER_MAX))
    .option(
      "--memory-mib <n>",
      `memory in MiB (default: ${LIMITS.memoryMibDefault})`,
      wholeNumber(1, NUMBER_MAX),
    )
    .option(
      "--timeout-sec <n>",
      `seconds until it is deleted, 0 for never (default: ${LIMITS.timeoutSecDefault})`,
      wholeNumber(0, NUMBER_MAX),
    )
    .option("--metadata <key=value>", "label to find it by; may be repeated", collectPair)
    .option("--env <KEY=VALUE>", "environment of every process in it; may be repeated", collectPair)
    .action(async (options: CreateOptions, command: Command) => {
      const context = openContext(command, environment)
      const client = await openClient(context)
      const sandbox = await client.createSandbox(
        givenOnly({
          template: options.template,
          vcpus: options.vcpus,
          memory_mib: options.memoryMib,
          timeout_sec: options.timeoutSec,
          metadata: options.metadata,
          envs: options.env,
        }),
      )
      context.output.result(sandbox, `${sandbox.id}\n`)
    })
}
