import { PlatformError } from "@thaw/model"

import { detachMemory } from "../pager/attach-memory.ts"
import type { SandboxCore } from "./sandbox-core.ts"

const RETRY_DELAY_MS_MIN = 1_000
const RETRY_DELAY_MS_MAX = 60_000

/** Frees all the sandbox holds, its disk too. The record names what is left until it is gone. */
export async function takeDown(
  core: SandboxCore,
  status: "stopped" | "error",
  reason: string,
): Promise<void> {
  core.over.abort(new PlatformError("wrong_state", `the sandbox is not running: ${reason}`))
  core.cancelRetry()
  core.endLifetime()
  if (core.holdings.machine !== undefined || core.status === "paused") {
    // A crash is known at once; an end that was asked for is over when nothing is left.
    await noteEnd(core, status === "error" ? status : "stopping", reason)
    core.changed()
  }
  await core.free({ keepDisk: false })
  await noteEnd(core, status, reason)
  core.changed()
}

/** Takes down a sandbox whose end nobody waits for; what fails is tried again until it succeeds or a client destroys it */
export async function endByItself(
  core: SandboxCore,
  status: "stopped" | "error",
  reason: string,
  retryDelayMs = RETRY_DELAY_MS_MIN,
): Promise<void> {
  try {
    await takeDown(core, status, reason)
  } catch (error) {
    core.logger.error({ err: error, retryDelayMs }, "taking the sandbox down failed")
    const nextDelayMs = Math.min(2 * retryDelayMs, RETRY_DELAY_MS_MAX)
    core.retryLater(retryDelayMs, async () => await endByItself(core, status, reason, nextDelayMs))
  }
}

/** A full disk must not keep a sandbox from ending; recovery sees a `running` record without a VMM for what it is */
async function noteEnd(
  core: SandboxCore,
  status: "stopping" | "stopped" | "error",
  reason: string,
): Promise<void> {
  try {
    await core.record.write({ status, reason })
  } catch (error) {
    core.logger.error({ err: error }, "the end of the sandbox could not be recorded")
    core.record.note({ status, reason })
  }
}

/** Why the pager ended the VM, if it did; an end must not depend on the answer */
export async function readFailure(core: SandboxCore): Promise<string | undefined> {
  try {
    return await detachMemory(core.deps.pager, core.id)
  } catch (error) {
    core.logger.error({ err: error }, "the pager does not say whether it ended the VM")
    return undefined
  }
}
