import { runNetworkCommand, type NetworkCommandOptions } from "./run-network-command.ts"

export interface IpBatchOptions extends NetworkCommandOptions {
  /** Named network namespace the lines apply to; without it, that of this process */
  readonly namespace?: string
}

/**
 * Runs lines of `ip` commands in one process; it stops at the first that fails.
 *
 * @throws {NetworkCommandError} with the errno and the number of the line that failed
 */
export async function applyIpBatch(lines: readonly string[], options: IpBatchOptions): Promise<void> {
  const where = options.namespace === undefined ? [] : ["-n", options.namespace]
  await runNetworkCommand(
    {
      action: `set up links of ${options.namespace === undefined ? "the host" : `namespace "${options.namespace}"`}`,
      argv: ["ip", ...where, "-batch", "-"],
      input: `${lines.join("\n")}\n`,
    },
    options,
  )
}
