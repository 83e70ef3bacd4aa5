import { resumeMachine } from "./frozen-machine.ts"
import { settlePaused, settleSoon } from "./pause-sandbox.ts"
import { makeGuestToken } from "./plan-identity.ts"
import type { SandboxCore } from "./sandbox-core.ts"

/** Restores a paused sandbox. A failure leaves it paused, its disk as it was; a running one stays as it is. */
export async function resumeSandbox(core: SandboxCore): Promise<void> {
  if (core.status === "running") return
  core.requireStatus("resume")
  const steps = core.newSteps()
  core.cancelRetry()
  core.over = new AbortController()
  try {
    await settlePaused(core)
    core.announce({ status: "resuming" })
    await using stack = new AsyncDisposableStack()
    const guestToken = makeGuestToken()
    const start = { ...core.planStart(steps), guestToken, record: core.record.current }
    const machine = stack.use(await resumeMachine(core.deps, start))
    await core.publish(machine, steps, { guestToken })
    stack.move()
  } catch (error) {
    core.logger.warn({ err: error, steps: steps.timings }, "resume failed, the sandbox stays paused")
    core.announce({ status: "paused" })
    await settleSoon(core)
    throw error
  }
}
