import { PlatformError } from "@thaw/model"

import type { EnvPair } from "../guest/protocol/request.ts"
import { createMachine } from "./frozen-machine.ts"
import type { SandboxCore } from "./sandbox-core.ts"

/** Restores a new sandbox from its template's frozen VM. A failure leaves nothing and forgets it. */
export async function createSandbox(core: SandboxCore, env: readonly EnvPair[]): Promise<void> {
  const steps = core.newSteps()
  try {
    await steps.run("record", async () => await core.record.write())
    core.changed()
    await using stack = new AsyncDisposableStack()
    const { spec, guestToken } = core.record.current
    const made = await createMachine(core.deps, { ...core.planStart(steps), spec, guestToken, env })
    using _hold = made.hold
    stack.use(made.machine)
    const { snapshotId, layers, diskBytes } = made
    await core.publish(made.machine, steps, { snapshotId, layers, diskBytes })
    stack.move()
  } catch (error) {
    core.logger.warn({ err: error, steps: steps.timings }, "create failed")
    await abandonCreate(core, PlatformError.from(error).message)
    throw error
  }
}

/** Removes what a failed create may have left. What cannot be removed is kept on record, for a destroy to try again. */
async function abandonCreate(core: SandboxCore, reason: string): Promise<void> {
  core.announce({ status: "error", reason })
  try {
    await core.free({ keepDisk: false })
    await core.forget()
  } catch (error) {
    core.logger.error({ err: error }, "clean-up after a failed create failed")
  }
}
