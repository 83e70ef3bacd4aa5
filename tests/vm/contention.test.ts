import { afterAll, beforeAll, expect, it } from "vitest"

import { ApiError } from "./_api.ts"
import { expectFrozen, expectHeld, readFrozen } from "./_held.ts"
import { startTestPlatform, type TestPlatform } from "./_platform.ts"
import { until } from "./_until.ts"
import { askWitness, startWitness } from "./_witness.ts"

const ROUNDS = 6
const PAUSES = 4
const RESUMES = 4
const SETTLE_TIMEOUT_MS = 10_000

let platform: TestPlatform
beforeAll(async () => {
  platform = await startTestPlatform({ THAW_SLOT_POOL_SIZE: "1" })
  const { id } = await platform.api.create({ memory_mib: 256 })
  await platform.api.delete(id)
})
afterAll(async () => await platform[Symbol.asyncDispose]())

/** Does it so many times at once. Raises unless all that failed came too late for the sandbox's status; returns how many succeeded. */
async function race(count: number, action: () => Promise<unknown>): Promise<number> {
  const outcomes = await Promise.allSettled(Array.from({ length: count }, action))
  return outcomes.filter(isSuccess).length
}

function isSuccess(outcome: PromiseSettledResult<unknown>): boolean {
  if (outcome.status === "fulfilled") return true
  expect(outcome.reason).toBeInstanceOf(ApiError)
  expect(outcome.reason).toMatchObject({ status: 409, body: { error: { code: "wrong_state" } } })
  return false
}

it("of pauses at once exactly one wins, of resumes likewise, and nothing is lost", async () => {
  const { api } = platform
  const { id } = await api.create({ memory_mib: 256 })
  const witness = await startWitness(api, id)
  for (let round = 0; round < ROUNDS; round++) {
    expect(await race(PAUSES, async () => await api.pause(id))).toBe(1)
    await expectHeld(platform, { paused: 1 })
    expect(await race(RESUMES, async () => await api.resume(id))).toBe(1)
    expect(await askWitness(api, id)).toBe(witness)
  }
  await expectHeld(platform, { running: 1 })
  await api.delete(id)
  await expectHeld(platform, {})
})

it("pauses and resumes at once take turns by the status, and the sandbox is in one of both at the end", async () => {
  const { api } = platform
  const { id } = await api.create({ memory_mib: 256 })
  const witness = await startWitness(api, id)
  for (let round = 0; round < ROUNDS; round++) {
    const [pauses, resumes] = await Promise.all([
      race(PAUSES, async () => await api.pause(id)),
      race(2, async () => await api.resume(id)),
    ])
    expect(pauses).toBe(1)
    expect(resumes).toBe(0)
    expect(await api.get(id)).toMatchObject({ status: "paused" })
    await api.resume(id)
    expect(await askWitness(api, id)).toBe(witness)
  }
  await api.delete(id)
  await expectHeld(platform, {})
})

it.each([0, 20, 80, 200, 400])(
  "a destroy %i ms into pauses and resumes ends the sandbox and leaves nothing",
  async (delayMs) => {
    const { api } = platform
    const frozen = await readFrozen(platform.dataDir)
    for (const isPaused of [false, true]) {
      const { id } = await api.create({ memory_mib: 256 })
      if (isPaused) await api.pause(id)
      const later = new Promise((resolve) => setTimeout(resolve, delayMs))
      const [pauses, resumes] = await Promise.all([
        race(PAUSES, async () => await api.pause(id)),
        race(2, async () => await api.resume(id)),
        later.then(async () => await api.delete(id)),
      ])
      // What was overtaken by the destroy has lost.
      expect(pauses).toBeLessThanOrEqual(1)
      expect(resumes).toBeLessThanOrEqual(1)
      await until(
        async () => await api.get(id),
        ({ status }) => status === "stopped",
        SETTLE_TIMEOUT_MS,
      )
      await expectHeld(platform, {})
      await expectFrozen(platform, frozen)
    }
  },
)

it("destroys at once all succeed", async () => {
  const { api } = platform
  const { id } = await api.create({ memory_mib: 256 })
  await api.pause(id)
  await Promise.all(Array.from({ length: 3 }, async () => await api.delete(id)))
  expect(await api.get(id)).toMatchObject({ status: "stopped" })
  await expectHeld(platform, {})
})
