import { PlatformError } from "@thaw/model"

import { endByItself, readFailure } from "./end-sandbox.ts"
import type { Machine } from "./machine.ts"
import { pauseMachine } from "./pause-machine.ts"
import type { SandboxCore } from "./sandbox-core.ts"
import type { Steps } from "./steps.ts"

const RETRY_DELAY_MS = 1_000

export interface PauseRequest {
  /** Why, when no client has asked for it */
  readonly reason: string
  /** `performance.now()` */
  readonly requestedAtMs: number
}

/**
 * Freezes a sandbox to disk and frees all else. A failure leaves it running; a paused one stays as it is.
 *
 * The record is the commit: before it is written the frozen VM can run on, after it nothing is needed of it any more, so the VMM is ended
 * only then.
 */
export async function pauseSandbox(core: SandboxCore, request: PauseRequest): Promise<void> {
  if (core.status === "paused") return
  const machine = core.requireMachine("pause")
  const steps = core.newSteps()
  const elapsedMs = () => Math.round(performance.now() - request.requestedAtMs)
  core.announce({ status: "pausing" })
  try {
    await using paused = await pauseMachine(core.deps, { record: core.record.current, machine, steps })
    await steps.run("commit", async () => {
      const { snapshotId, saved } = paused
      const pause = { ...saved, durableMs: elapsedMs(), steps: [...steps.timings] }
      await core.record.write({
        status: "paused",
        reason: request.reason,
        snapshotId,
        disk: "open",
        pause,
      })
    })
  } catch (error) {
    core.logger.warn({ err: error, steps: steps.timings }, "pause failed, the sandbox runs on")
    await rewriteRecord(core)
    await runOn(core, machine)
    // It may have been published before the record could not be written.
    core.deps.snapshots.sweepSoon()
    throw error
  }
  core.over.abort(new PlatformError("wrong_state", "the sandbox was paused"))
  core.endLifetime()
  await settleAfterPause(core, { steps, durableMs: elapsedMs() })
  core.logger.info({ durationMs: elapsedMs(), pause: core.record.current.pause }, "paused")
  core.changed()
  void compact(core)
}

/** A commit that failed may be on disk all the same: what is there must not say `paused` of a sandbox that runs on */
async function rewriteRecord(core: SandboxCore): Promise<void> {
  try {
    await core.record.write({ status: "running" })
  } catch (error) {
    core.logger.error({ err: error }, "the record could not be written after a failed pause")
    core.record.note({ status: "running" })
  }
}

/** Lets a frozen VM run on. One that cannot is over. */
export async function runOn(core: SandboxCore, machine: Machine): Promise<void> {
  if (core.holdings.machine !== machine) return
  try {
    await machine.vm.run()
  } catch (error) {
    core.logger.error({ err: error }, "the VM cannot run on")
    const failure = await readFailure(core)
    await endByItself(core, "error", failure ?? "the VM could not run on after it was frozen")
    return
  }
  core.changed()
}

/** Brings a paused sandbox to hold nothing but its disk, sealed: after a pause, a resume that failed, a crash of either */
export async function settlePaused(core: SandboxCore, steps = core.newSteps()): Promise<void> {
  const { status, slot, vmm, disk } = core.record.current
  if (status !== "paused" || (disk === "sealed" && slot === undefined && vmm === undefined)) return
  await steps.run("free", async () => await core.free({ keepDisk: true }))
  await steps.run("seal", async () => {
    const { directory } = core.record
    if (disk === "open") await core.deps.rootfs.seal(directory)
    else if (disk === "written") await core.deps.rootfs.revert(directory)
  })
  await core.record.write({ disk: "sealed" })
  core.deps.snapshots.sweepSoon()
}

/** Settles a paused sandbox whose pause is over; what fails is tried again */
export async function settleSoon(core: SandboxCore): Promise<void> {
  try {
    await settlePaused(core)
  } catch (error) {
    core.logger.error({ err: error }, "freeing what a paused sandbox held failed, trying again")
    core.retryLater(RETRY_DELAY_MS, async () => await settleSoon(core))
  }
}

/** Frees what a sandbox just paused held. It is paused whether or not that succeeds at once. */
async function settleAfterPause(
  core: SandboxCore,
  done: { readonly steps: Steps; readonly durableMs: number },
): Promise<void> {
  try {
    await settlePaused(core, done.steps)
    const { pause, status } = core.record.current
    if (pause === undefined || status !== "paused") return
    await core.record.write({
      pause: { ...pause, durableMs: done.durableMs, steps: [...done.steps.timings] },
    })
  } catch (error) {
    core.logger.error({ err: error }, "freeing what a paused sandbox held failed, trying again")
    core.retryLater(RETRY_DELAY_MS, async () => await settleAfterPause(core, done))
  }
}

/** Nothing waits for it, and what uses the snapshot meanwhile is not disturbed */
async function compact(core: SandboxCore): Promise<void> {
  const { snapshotId } = core.record.current
  if (snapshotId === undefined) return
  try {
    const report = await core.deps.snapshots.compact(snapshotId, core.deps.pager.client)
    if (report !== undefined) core.logger.info(report, "memory builds merged")
  } catch (error) {
    core.logger.warn({ err: error }, "memory builds could not be merged")
  }
}
