import { LIMITS, ON_TIMEOUT, type OnTimeout } from "@thaw/model"
import { Option, type Command } from "commander"

import { openContext, type CliEnvironment } from "../cli-context.ts"
import { openClient } from "../connection/open-client.ts"
import { collectPair, givenOnly, wholeNumber } from "../option-values.ts"

interface CreateOptions {
  readonly template?: string
  readonly vcpus?: number
  readonly memoryMib?: number
  readonly timeoutSec?: number
  readonly onTimeout?: OnTimeout
  readonly metadata?: Record<string, string>
  readonly env?: Record<string, string>
}

/** Upper bounds depend on the host; the server knows them */
const NUMBER_MAX = Number.MAX_SAFE_INTEGER

export function addSandboxCreateCommand(parent: Command, environment: CliEnvironment): void {
  parent
    .command("create")
    .description("create a sandbox and print its id when it runs")
    .option("--template <name>", "base template or snapshot to start from (default: base)")
    .option(
      "--vcpus <n>",
      `vCPUs (default: ${LIMITS.vcpusDefault}; a snapshot has its own)`,
      wholeNumber(1, NUMBER_MAX),
    )
    .option(
      "--memory-mib <n>",
      `memory in MiB (default: ${LIMITS.memoryMibDefault}; a snapshot has its own)`,
      wholeNumber(1, NUMBER_MAX),
    )
    .option(
      "--timeout, --timeout-sec <n>",
      `seconds without activity until it is over, 0 for never (default: ${LIMITS.timeoutSecDefault})`,
      wholeNumber(0, NUMBER_MAX),
    )
    .addOption(new Option("--on-timeout <what>", "what happens then (default: destroy)").choices(ON_TIMEOUT))
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
          on_timeout: options.onTimeout,
          metadata: options.metadata,
          envs: options.env,
        }),
      )
      context.output.result(sandbox, `${sandbox.id}\n`)
    })
}
