import { readFileSync, rmSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"

import { findProcessesByArgument, waitUntilGone, type RunningCommand } from "@thaw/linux"

/**
 * What happens before a step: it fails, or the host agent, the VMM or the pager is killed as the kernel would do it; the step goes on
 * then with what is left.
 */
export type Fault = "fail" | "kill" | "kill-vmm" | "kill-pager"

const FILE = "test-fault"
const GONE_TIMEOUT_MS = 5_000

/** Lets a fault happen once, at the next step of that name of any operation */
export async function armFault(dataDir: string, step: string, fault: Fault): Promise<void> {
  await writeFile(join(dataDir, FILE), JSON.stringify({ step, fault }))
}

/** Does, in the host agent, what `armFault` asks for */
export class FaultInjector {
  readonly #dataDir: string

  constructor(dataDir: string) {
    this.#dataDir = dataDir
  }

  async before(step: string): Promise<void> {
    const armed = this.#read()
    if (armed?.step !== step) return
    rmSync(join(this.#dataDir, FILE))
    switch (armed.fault) {
      case "fail":
        throw new Error(`injected failure before step "${step}"`)
      case "kill":
        process.kill(process.pid, "SIGKILL")
        return
      case "kill-vmm":
        return await kill(await findVmms(this.#dataDir))
      case "kill-pager":
        return await kill(await findPagers(this.#dataDir))
    }
  }

  #read(): { readonly step: string; readonly fault: Fault } | undefined {
    try {
      return JSON.parse(readFileSync(join(this.#dataDir, FILE), "utf8")) as { step: string; fault: Fault }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined
      throw error
    }
  }
}

/** The VMMs of a data directory */
export async function findVmms(dataDir: string): Promise<RunningCommand[]> {
  const found = await findProcessesByArgument(`${dataDir}/sandboxes/`)
  return found.filter(({ argv }) => argv[0]?.includes("qemu"))
}

/** The pager of a data directory, if one runs */
export async function findPagers(dataDir: string): Promise<RunningCommand[]> {
  const found = await findProcessesByArgument(`--data-dir=${dataDir}`)
  return found.filter(({ argv }) => argv.some((argument) => argument.endsWith("apps/pager/src/main.ts")))
}

async function kill(processes: readonly RunningCommand[]): Promise<void> {
  for (const found of processes) process.kill(found.pid, "SIGKILL")
  for (const found of processes) await waitUntilGone(found, GONE_TIMEOUT_MS)
}
