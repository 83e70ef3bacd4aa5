import { cpus, totalmem, uptime } from "node:os"

import { isAlive } from "@thaw/linux"
import { MIB, PlatformError, planHostCapacity } from "@thaw/model"
import { ThawClient } from "@thaw/sdk"
import type { Command } from "commander"

import { openContext, type CliContext, type CliEnvironment } from "../cli-context.ts"
import { formatDuration } from "../output/format-duration.ts"
import { formatTable } from "../output/format-table.ts"
import { isSupervised } from "../platform/end-platform-processes.ts"
import { findPagers } from "../platform/find-pagers.ts"
import { readPlatformRecord, type PlatformRecord } from "../platform/platform-record.ts"
import { readApiKey } from "../platform/secrets.ts"

const API_TIMEOUT_MS = 10_000
/** USER_HZ, the unit of `startTicks`; it is 100 on every Linux for x86_64 */
const TICKS_PER_SECOND = 100

export function addStatusCommand(program: Command, environment: CliEnvironment): void {
  program
    .command("status")
    .description("show the platform's processes, its sandboxes and what this host can hold")
    .action(async (_options: unknown, command: Command) => await status(openContext(command, environment)))
}

/** @throws {PlatformError} `unavailable` when the platform does not run */
async function status(context: CliContext): Promise<void> {
  const record = await readPlatformRecord(context.paths.record)
  if (record === undefined || !(await isSupervised(record))) {
    const left =
      record === undefined ? "" : '; its supervisor died, "thaw up" or "thaw down" cleans up after it'
    throw new PlatformError(
      "unavailable",
      `no platform is running in "${context.paths.dataDir}"${left}; run "thaw up"`,
    )
  }
  const value = {
    state: record.state,
    url: record.url,
    console_url: `${record.url}/test`,
    data_dir: context.paths.dataDir,
    supervisor: { pid: record.supervisor.pid, uptime_ms: Date.now() - record.startedAtMs },
    processes: await describeProcesses(record),
    pager: await describePager(context),
    sandboxes: record.state === "ready" ? await countSandboxes(context, record) : {},
    capacity: hostCapacity(),
  }
  context.output.result(value, formatStatus(value))
}

async function describeProcesses(record: PlatformRecord) {
  const describe = async (process: PlatformRecord["processes"][number]) => ({
    name: process.name,
    pid: process.pid,
    running: await isAlive(process),
    uptime_ms: Date.now() - process.startedAtMs,
  })
  return await Promise.all(record.processes.map(describe))
}

/** The pager belongs to the host agent and is on no record; null when there is none */
async function describePager(context: CliContext): Promise<StatusValue["pager"]> {
  const [pager] = await findPagers(context.paths.dataDir)
  if (pager === undefined) return null
  const ageSec = uptime() - pager.startTicks / TICKS_PER_SECOND
  return { pid: pager.pid, uptime_ms: Math.max(0, Math.round(ageSec * 1000)) }
}

/** Counts sandboxes by status, stopped ones left out */
async function countSandboxes(context: CliContext, record: PlatformRecord): Promise<Record<string, number>> {
  const client = new ThawClient({ url: record.url, apiKey: await readApiKey(context.paths) })
  const counts: Record<string, number> = {}
  for await (const { status } of client.eachSandbox({}, { signal: AbortSignal.timeout(API_TIMEOUT_MS) })) {
    if (status !== "stopped") counts[status] = (counts[status] ?? 0) + 1
  }
  return counts
}

function hostCapacity() {
  const capacity = planHostCapacity({ cpus: cpus().length, memoryMib: Math.floor(totalmem() / MIB) })
  return {
    vcpus_max: capacity.vcpusMax,
    memory_mib_max: capacity.memoryMibMax,
    sandboxes_max: capacity.sandboxesMax,
  }
}

type StatusValue = {
  state: string
  url: string
  console_url: string
  data_dir: string
  supervisor: { pid: number; uptime_ms: number }
  processes: { name: string; pid: number; running: boolean; uptime_ms: number }[]
  pager: { pid: number; uptime_ms: number } | null
  sandboxes: Record<string, number>
  capacity: ReturnType<typeof hostCapacity>
}

function formatStatus(value: StatusValue): string {
  const counts = Object.entries(value.sandboxes).map(([status, count]) => `${count} ${status}`)
  const processes = value.processes.map((process) => [
    process.name,
    String(process.pid),
    process.running ? `running for ${formatDuration(process.uptime_ms)}` : "ended, being restarted",
  ])
  const { capacity, pager, supervisor } = value
  return [
    `Thaw is ${value.state}\n`,
    formatTable([
      ["URL", value.url],
      ["Console", value.console_url],
      ["Data", value.data_dir],
      ["Sandboxes", counts.length === 0 ? "none" : counts.join(", ")],
      [
        "Capacity",
        `${capacity.sandboxes_max} sandboxes, ${capacity.memory_mib_max} MiB, ${capacity.vcpus_max} vCPUs each`,
      ],
    ]),
    "\n",
    formatTable([
      ["PROCESS", "PID", "STATE"],
      ["supervisor", String(supervisor.pid), `running for ${formatDuration(supervisor.uptime_ms)}`],
      ...processes,
      pager === null
        ? ["pager", "", "not running"]
        : ["pager", String(pager.pid), `running for ${formatDuration(pager.uptime_ms)}`],
    ]),
  ].join("")
}
