import type { ProcessIdentity } from "@thaw/linux"

/** What every record says, of whatever version */
export interface LooseRecord {
  readonly bootId: string
  readonly vmm: ProcessIdentity
}

/**
 * Reads whom a record is about, also when it is torn or of another version: that VMM waits for pages that nobody is going to bring, and must not
 * wait for ever.
 */
export function readLooseRecord(text: string): LooseRecord | undefined {
  const bootId = /"bootId":\s*"([^"]+)"/.exec(text)?.[1]
  // A number at the end of a torn file may be half of one.
  const pid = /"pid":\s*(\d+)\s*[,}]/.exec(text)?.[1]
  const startTicks = /"startTicks":\s*(\d+)\s*[,}]/.exec(text)?.[1]
  if (bootId === undefined || pid === undefined || startTicks === undefined) return undefined
  return { bootId, vmm: { pid: Number(pid), startTicks: Number(startTicks) } }
}
