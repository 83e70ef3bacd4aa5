import { findDescriptors } from "@thaw/linux"
import { PlatformError } from "@thaw/model"

import { migrateFromDescriptor } from "./migration.ts"
import type { StartedQemu } from "./start-qemu.ts"

const LOAD_TIMEOUT_MS = 20_000
/** What migration/migration.c and savevm.c of QEMU 7.2 say about a state they cannot use, the first always as the last line */
const BAD_STATE = /load of migration failed|error while loading state|not a migration stream/i
const USERFAULTFD_LINK = "anon_inode:[userfaultfd]"

/**
 * Has a QEMU that was started for it load a saved state.
 *
 * @param fd Of the state file, in QEMU
 * @throws {PlatformError} `data_loss` for a state that QEMU cannot use, `unavailable` when its memory is not the pager's
 */
export async function loadState(qemu: StartedQemu, fd: number, signal: AbortSignal): Promise<void> {
  await checkMemory(qemu)
  // A command that waits for QEMU fails at once when its connection goes.
  const drop = () => qemu.qmp[Symbol.dispose]()
  signal.addEventListener("abort", drop, { once: true })
  try {
    signal.throwIfAborted()
    await migrateFromDescriptor(qemu.qmp, fd, LOAD_TIMEOUT_MS)
  } catch (cause) {
    signal.throwIfAborted()
    const internal = await qemu.log.tail()
    if (BAD_STATE.test(internal)) {
      throw new PlatformError("data_loss", "the snapshot's VM state cannot be loaded", { cause, internal })
    }
    throw new PlatformError("internal", "the sandbox's VMM ended while it was restored", { cause, internal })
  } finally {
    signal.removeEventListener("abort", drop)
  }
}

/**
 * Makes sure that the pager fills this VM's memory: the dynamic loader passes over a library that it cannot load, and the
 * guest would wake up in zeros.
 */
async function checkMemory(qemu: StartedQemu): Promise<void> {
  if (findDescriptors(qemu.process.pid, USERFAULTFD_LINK).length > 0) return
  throw new PlatformError("unavailable", "the sandbox's memory could not be handed to the pager", {
    internal: await qemu.log.tail(),
  })
}
