import { killByPidfd } from "@thaw/linux"

import { blockingVmm } from "./blocking-vmm.ts"
import { writeFailureNote } from "./failure-note.ts"

/**
 * Kills a VMM that holds its worker up, with a note of why for the next pager: this one has to end, as nothing brings the worker's thread back.
 *
 * @param id undefined when nobody knows whose VMM it is
 */
export function endStuckVmm(directory: string, id: string | undefined, pidfd: number): void {
  try {
    if (id !== undefined) writeFailureNote(directory, id, blockingVmm())
  } finally {
    killByPidfd(pidfd, "SIGKILL")
  }
}
