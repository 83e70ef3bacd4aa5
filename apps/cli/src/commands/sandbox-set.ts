import type { UpdateSandboxBody } from "@thaw/api"
import { ON_TIMEOUT, PlatformError, type OnTimeout } from "@thaw/model"
import { Option, type Command } from "commander"

import { openContext, type CliEnvironment } from "../cli-context.ts"
import { openClient } from "../connection/open-client.ts"
import { collectPair, givenOnly, wholeNumber } from "../option-values.ts"
import { formatSandbox } from "../view/format-sandbox.ts"

interface SetOptions {
  readonly timeoutSec?: number
  readonly onTimeout?: OnTimeout
  readonly metadata?: Record<string, string>
  readonly clearMetadata?: boolean
}

export function addSandboxSetCommand(parent: Command, environment: CliEnvironment): void {
  parent
    .command("set <id>")
    .description("change how long a sandbox lives, and its labels; what is not named stays as it is")
    .option(
      "--timeout, --timeout-sec <n>",
      "seconds without activity until it is over, 0 for never; counted from now",
      wholeNumber(0, Number.MAX_SAFE_INTEGER),
    )
    .addOption(new Option("--on-timeout <what>", "what happens then").choices(ON_TIMEOUT))
    .option(
      "--metadata <key=value>",
      "label to find it by; may be repeated; replaces all labels it has",
      collectPair,
    )
    .addOption(new Option("--clear-metadata", "take all labels away").conflicts("metadata"))
    .action(async (id: string, options: SetOptions, command: Command) => {
      const context = openContext(command, environment)
      const body = planUpdate(options)
      const client = await openClient(context)
      const sandbox = await client.updateSandbox(id, body)
      context.output.result(sandbox, formatSandbox(sandbox))
    })
}

/** @throws {PlatformError} `invalid_argument` when nothing is to be changed */
export function planUpdate(options: SetOptions): UpdateSandboxBody {
  const body = givenOnly({
    timeout_sec: options.timeoutSec,
    on_timeout: options.onTimeout,
    metadata: options.clearMetadata === true ? {} : options.metadata,
  })
  if (Object.keys(body).length > 0) return body
  const message = "nothing to change; give --timeout, --on-timeout, --metadata or --clear-metadata"
  throw new PlatformError("invalid_argument", message)
}
