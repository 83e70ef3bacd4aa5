import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"

import { ApiError } from "./_api.ts"
import { armFault, type Fault } from "./_fault-injector.ts"
import { expectFrozen, expectHeld, readFrozen } from "./_held.ts"
import { startTestPlatform, type TestPlatform } from "./_platform.ts"
import { until } from "./_until.ts"
import { askWitness, startWitness } from "./_witness.ts"

/** Before the record says that the sandbox is paused */
const PAUSE_STEPS = ["freeze", "state", "capture", "publish", "commit"]
/** After that, when all that is left is to free what it held */
const SETTLE_STEPS = ["free", "seal"]
const RESUME_STEPS = ["snapshot", "slot", "rootfs", "memory", "vmm", "prefetch", "confirm", "publish"]
/** Those at which a VMM is there */
const RESUME_VMM_STEPS = ["prefetch", "confirm", "publish"]
const SETTLE_TIMEOUT_MS = 10_000

let platform: TestPlatform
let id = ""
let witness = ""

beforeAll(async () => {
  platform = await startTestPlatform({ THAW_SLOT_POOL_SIZE: "1" })
})
afterAll(async () => await platform[Symbol.asyncDispose]())

/** One sandbox for all that does not end it: what it went through before makes each test harder */
beforeEach(async () => {
  if (id === "") {
    ;({ id } = await platform.api.create({ memory_mib: 256 }))
    witness = await startWitness(platform.api, id)
  }
})

async function destroy(): Promise<void> {
  await platform.api.delete(id)
  id = ""
  await expectHeld(platform, {})
}

/** Fails the test unless process, memory and disk are what they were */
async function expectIntact(): Promise<void> {
  expect(await platform.api.get(id)).toMatchObject({ status: "running" })
  expect(await askWitness(platform.api, id)).toBe(witness)
  await expectHeld(platform, { running: 1 })
}

async function expectPaused(): Promise<void> {
  await expectStatus("paused")
  await expectHeld(platform, { paused: 1 })
}

async function expectStatus(status: string): Promise<void> {
  await until(
    async () => await platform.api.get(id),
    (sandbox) => sandbox.status === status,
    SETTLE_TIMEOUT_MS,
  )
}

async function pauseAndResume(): Promise<void> {
  expect(await platform.api.pause(id)).toMatchObject({ status: "paused" })
  await expectPaused()
  expect(await platform.api.resume(id)).toMatchObject({ status: "running" })
  await expectIntact()
}

async function arm(step: string, fault: Fault): Promise<void> {
  await armFault(platform.dataDir, step, fault)
}

/** Does what ends the host agent, and starts another */
async function expectKilled(action: Promise<unknown>): Promise<void> {
  await expect(action).rejects.toMatchObject({ status: 503 })
  await platform.hostAgent.ended()
  platform.hostAgent.start()
  await platform.ready()
}

afterEach(async ({ task }) => {
  // The next test gets a sandbox that it knows.
  if (task.result?.state !== "fail" || id === "") return
  await platform.api.delete(id).catch(() => undefined)
  id = ""
})

describe.each(PAUSE_STEPS)("pause, at step %s", (step) => {
  it("lets the sandbox run on when the step fails", async () => {
    const before = await readFrozen(platform.dataDir)
    await arm(step, "fail")
    await expect(platform.api.pause(id)).rejects.toMatchObject({ status: 500 })
    await expectIntact()
    await expectFrozen(platform, before)
    await pauseAndResume()
  })

  it("lets the sandbox run on when the host agent is killed there", async () => {
    const before = await readFrozen(platform.dataDir)
    await arm(step, "kill")
    await expectKilled(platform.api.pause(id))
    await expectStatus("running")
    await expectIntact()
    await expectFrozen(platform, before)
    await pauseAndResume()
  })
})

describe.each(SETTLE_STEPS)("pause, at step %s", (step) => {
  it("is done when the step fails, which is tried again", async () => {
    await arm(step, "fail")
    expect(await platform.api.pause(id)).toMatchObject({ status: "paused" })
    await expectPaused()
    await platform.api.resume(id)
    await expectIntact()
  })

  it("is done when the step fails, and a resume that does not wait for the second try succeeds", async () => {
    await arm(step, "fail")
    expect(await platform.api.pause(id)).toMatchObject({ status: "paused" })
    await platform.api.resume(id)
    await expectIntact()
  })

  it("is done when the host agent is killed there", async () => {
    await arm(step, "kill")
    await expectKilled(platform.api.pause(id))
    await expectPaused()
    await platform.api.resume(id)
    await expectIntact()
  })

  it("is done when the VMM is killed there", async () => {
    await arm(step, "kill-vmm")
    expect(await platform.api.pause(id)).toMatchObject({ status: "paused" })
    await expectPaused()
    await platform.api.resume(id)
    await expectIntact()
  })
})

describe.each(RESUME_STEPS)("resume, at step %s", (step) => {
  it("leaves the sandbox paused when the step fails", async () => {
    await platform.api.pause(id)
    await arm(step, "fail")
    await expect(platform.api.resume(id)).rejects.toMatchObject({ status: 500 })
    await expectPaused()
    await platform.api.resume(id)
    await expectIntact()
  })

  it("leaves the sandbox paused when the host agent is killed there", async () => {
    await platform.api.pause(id)
    await arm(step, "kill")
    await expectKilled(platform.api.resume(id))
    await expectPaused()
    await platform.api.resume(id)
    await expectIntact()
  })
})

describe.each(RESUME_VMM_STEPS)("resume, at step %s", (step) => {
  it("leaves the sandbox paused when the VMM is killed there", async () => {
    await platform.api.pause(id)
    await arm(step, "kill-vmm")
    const answer: unknown = await platform.api.resume(id).catch((error: unknown) => error)
    expect(answer).toBeInstanceOf(ApiError)
    expect(answer).toMatchObject({ status: 500 })
    await expectPaused()
    await platform.api.resume(id)
    await expectIntact()
  })
})

describe.each(["freeze", "state"])("pause, at step %s", (step) => {
  it("ends in error when the VMM is killed there, and leaves nothing", async () => {
    await expectLostWithVmm(step)
  })
})

/** Nothing is saved yet that the sandbox could be resumed from */
async function expectLostWithVmm(step: string): Promise<void> {
  await destroy()
  const before = await readFrozen(platform.dataDir)
  ;({ id } = await platform.api.create({ memory_mib: 256 }))
  await arm(step, "kill-vmm")
  await expect(platform.api.pause(id)).rejects.toBeInstanceOf(ApiError)
  await expectEnded(before)
}

async function expectEnded(before: readonly string[]): Promise<void> {
  await expectStatus("error")
  expect((await platform.api.get(id)).reason).toMatch(/VM/)
  await expectHeld(platform, {})
  await destroy()
  await expectFrozen(platform, before)
}

it("pause of a VMM that is killed before its memory is captured is done whole, or ends in error and leaves nothing", async () => {
  await destroy()
  const before = await readFrozen(platform.dataDir)
  ;({ id } = await platform.api.create({ memory_mib: 256 }))
  witness = await startWitness(platform.api, id)
  await arm("capture", "kill-vmm")
  // The memory outlives the VMM, and the pager may not have noticed yet that it is dead.
  const answer: unknown = await platform.api.pause(id).catch((error: unknown) => error)
  if (answer instanceof ApiError) return await expectEnded(before)
  await expectPaused()
  await platform.api.resume(id)
  await expectIntact()
})

describe.each(["publish", "commit"])("pause, at step %s", (step) => {
  it("is done although the VMM is killed there: all that was its is on disk by then", async () => {
    await arm(step, "kill-vmm")
    expect(await platform.api.pause(id)).toMatchObject({ status: "paused" })
    await expectPaused()
    await platform.api.resume(id)
    await expectIntact()
  })
})

it("destroy leaves nothing of a sandbox that went through all that", async () => {
  await destroy()
  const frozen = await readFrozen(platform.dataDir)
  const countOf = (kind: string) => frozen.filter((name) => name.startsWith(kind)).length
  // One template, warm in one size: one snapshot with its build and its disk.
  expect(["builds/", "layers/", "snapshots/", "names/", "warm/"].map(countOf)).toEqual([1, 1, 1, 0, 1])
})
