/**
 * A host agent that is killed while it prepares a slot: claims it, and dies by SIGKILL after as many commands as told.
 *
 * Arguments: directory of claims, id of the data directory, slot, number of commands that still run.
 */
import { run, type Run } from "@thaw/linux"

import { prepareSlot } from "../../../apps/host-agent/src/network/prepare-slot.ts"
import { openSlotClaims } from "../../../apps/host-agent/src/network/slot-claims.ts"

const [dir = "", dataDirId = "", slot = "", commands = ""] = process.argv.slice(2)
let left = Number(commands)

const runUntilDead: Run = async (argv, options) => {
  if (left === 0) process.kill(process.pid, "SIGKILL")
  left -= 1
  return await run(argv, options)
}

const claims = await openSlotClaims({ dir, dataDirId })
await prepareSlot({ claims, run: runUntilDead }, { next: Number(slot) })
process.kill(process.pid, "SIGKILL")
