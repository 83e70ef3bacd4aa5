import { readFileSync } from "node:fs"
import { readFile, readdir } from "node:fs/promises"

/** A process for as long as it lives: pids are reused, a pid with its start time is not */
export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks from boot to the start of the process: field 22 of `/proc/<pid>/stat`, proc(5) */
  readonly startTicks: number
}

const STATE_FIELD = 0
const START_TIME_FIELD = 19

/** Reads who runs as `pid` now; undefined when nothing does, or only a zombie */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(ignoreGone)
  return stat === undefined ? undefined : parseStat(pid, stat)
}

/** As `identifyProcess`, for threads that do not wait for promises */
export function identifyProcessSync(pid: number): ProcessIdentity | undefined {
  try {
    return parseStat(pid, readFileSync(`/proc/${pid}/stat`, "utf8"))
  } catch (error) {
    return ignoreGone(error as NodeJS.ErrnoException)
  }
}

function parseStat(pid: number, stat: string): ProcessIdentity | undefined {
  // The second field is the program's name in parentheses and may hold blanks and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  if (fields[STATE_FIELD] === "Z" || fields[STATE_FIELD] === "X") return undefined
  return { pid, startTicks: Number(fields[START_TIME_FIELD]) }
}

/** Whether that very process still runs */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  const now = await identifyProcess(identity.pid)
  return now !== undefined && now.startTicks === identity.startTicks
}

export interface RunningCommand extends ProcessIdentity {
  readonly argv: readonly string[]
}

/** Lists the running processes one of whose arguments contains `needle` */
export async function findProcessesByArgument(needle: string): Promise<RunningCommand[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number)
  const found: RunningCommand[] = []
  for (const pid of pids) {
    const cmdline = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(ignoreGone)
    if (cmdline === undefined || !cmdline.includes(needle)) continue
    const identity = await identifyProcess(pid)
    if (identity !== undefined) found.push({ ...identity, argv: cmdline.split("\0").slice(0, -1) })
  }
  return found
}

/** The process ended, or ends, while it is being looked at: ENOENT or ESRCH */
function ignoreGone(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT" || error.code === "ESRCH") return undefined
  throw error
}
