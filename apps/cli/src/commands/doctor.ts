import { cpus, totalmem } from "node:os"

import { LIMITS, MIB, planHostCapacity } from "@thaw/model"
import type { Command } from "commander"

import { openContext, type CliContext, type CliEnvironment } from "../cli-context.ts"
import { formatFindings, isHealthy, runChecks } from "../doctor/run-checks.ts"
import { EXIT_CODES } from "../exit-code.ts"
import { formatTable } from "../output/format-table.ts"
import type { SetExitCode } from "../program.ts"

export function addDoctorCommand(
  program: Command,
  environment: CliEnvironment,
  setExitCode: SetExitCode,
): void {
  program
    .command("doctor")
    .description("look at everything the platform needs, and say what to do about what is missing")
    .action(async (_options: unknown, command: Command) => {
      const isWell = await doctor(openContext(command, environment))
      if (!isWell) setExitCode(EXIT_CODES.failure)
    })
}

async function doctor(context: CliContext): Promise<boolean> {
  const { planChecks } = await import("../doctor/plan-checks.ts")
  context.output.transient("… looking")
  const findings = await runChecks(planChecks(context.paths.dataDir))
  context.output.transient("")
  const capacity = planHostCapacity({ cpus: cpus().length, memoryMib: Math.floor(totalmem() / MIB) })
  const healthy = isHealthy(findings)
  const limits = Object.entries({ ...capacity, ...LIMITS }).map(([name, value]) => [name, String(value)])
  const verdict = healthy ? "Sandboxes can run here" : "Sandboxes cannot run here; see ✗ above"
  context.output.result(
    { healthy, findings, capacity, limits: LIMITS },
    `${formatFindings(findings)}\n${verdict}\n\nLimits\n${formatTable(limits)}`,
  )
  return healthy
}
