import { SandboxSchema } from "@thaw/api"
import { PlatformError } from "@thaw/model"
import { afterAll, beforeAll, expect, test } from "vitest"

import { errorOf, type Answer } from "./_api-client.ts"
import { describeOnEachDatabase } from "./_databases.ts"
import { API_KEY, Harness } from "./_harness.ts"

const UNKNOWN_ID = `sbx${"a".repeat(17)}`
const INVERSE = { pause: "running", resume: "paused" } as const

describeOnEachDatabase("pause and resume", (source) => {
  let harness: Harness
  beforeAll(async () => {
    harness = await Harness.start(await source.createDatabase())
    await harness.untilReady()
  })
  afterAll(async () => {
    await harness[Symbol.asyncDispose]()
  })

  const call = (id: string, action: string) => harness.api.call("POST", `/v1/sandboxes/${id}/${action}`)
  const pause = async (id: string) => SandboxSchema.parse((await call(id, "pause")).body)
  const resume = async (id: string) => SandboxSchema.parse((await call(id, "resume")).body)
  /** A sandbox that `action` is allowed for */
  const createFor = async (action: "pause" | "resume") => {
    const { id } = await harness.api.create()
    return action === "pause" ? id : (await pause(id)).id
  }
  const hostStatus = (id: string) => harness.host.sandboxes.find(id)?.status

  test("a paused sandbox shows what the pause took, and runs on as it was when it is resumed", async () => {
    const { api } = harness
    const created = await api.create({ vcpus: 2, memory_mib: 1024, timeout_sec: 600, metadata: { a: "ü" } })
    const { id } = created
    const paused = await pause(id)
    expect(paused).toMatchObject({ id, status: "paused", template: "base", vcpus: 2, memory_mib: 1024 })
    expect(paused.expires_at).toBeUndefined()
    expect(paused.pause).toMatchObject({
      generation: 0,
      stop_ms: 7.25,
      durable_ms: 31.5,
      bytes_written: 65_536,
      steps: [
        { name: "freeze", duration_ms: 1.5 },
        { name: "capture", duration_ms: 5.75 },
      ],
    })
    expect(Math.abs(Date.parse(paused.pause?.at ?? "") - Date.now())).toBeLessThan(10_000)
    expect(await api.get(id)).toEqual(paused)
    const exec = await api.call("POST", `/v1/sandboxes/${id}/exec`, { json: { cmd: "echo" } })
    expect([exec.status, errorOf(exec).details]).toEqual([409, { status: "paused" }])

    const resumed = await resume(id)
    const { updated_at: _at, started_at: startedAt = "", expires_at: expiresAt = "", ...rest } = resumed
    const { updated_at: _before, started_at: _started, expires_at: firstExpiresAt = "", ...before } = created
    expect(rest).toEqual({ ...before, pause: paused.pause })
    expect(startedAt > (created.started_at ?? "")).toBe(true)
    expect(expiresAt > firstExpiresAt).toBe(true)
    expect((await pause(id)).pause).toMatchObject({ generation: 1, bytes_written: 4096 })
    expect((await api.call("POST", `/v1/sandboxes/${id}/resume`, { json: {} })).status).toBe(200)
    expect((await api.call("POST", `/v1/sandboxes/${id}/exec`, { json: { cmd: "echo" } })).status).toBe(200)
  })

  test("a sandbox that never ends stays so", async () => {
    const { id } = await harness.api.create({ timeout_sec: 0 })
    await pause(id)
    expect((await resume(id)).expires_at).toBeUndefined()
  })

  test("what is not running cannot be paused, what is not paused cannot be resumed", async () => {
    const { api } = harness
    const { id } = await api.create()
    const refusal = async (action: string) => {
      const answer = await call(id, action)
      return [answer.status, errorOf(answer).code, errorOf(answer).details]
    }
    expect(await refusal("resume")).toEqual([409, "wrong_state", { status: "running" }])
    await pause(id)
    expect(await refusal("pause")).toEqual([409, "wrong_state", { status: "paused" }])
    expect((await api.call("DELETE", `/v1/sandboxes/${id}`)).status).toBe(204)
    expect(hostStatus(id)).toBeUndefined()
    for (const action of ["pause", "resume"]) {
      expect(await refusal(action)).toEqual([409, "wrong_state", { status: "stopped" }])
      expect((await call(UNKNOWN_ID, action)).status).toBe(404)
      expect((await call("nothing", action)).status).toBe(404)
      const answer = await api.call("POST", `/v1/sandboxes/${id}/${action}`, { json: { hard: true } })
      expect(answer.status).toBe(400)
    }
  })

  test.each(["pause", "resume"] as const)("of ten that %s at once one succeeds", async (action) => {
    for (let round = 0; round < 5; round++) {
      const id = await createFor(action)
      const answers = await Promise.all(Array.from({ length: 10 }, () => call(id, action)))
      expect(countOf(answers, 200)).toBe(1)
      expect(countOf(answers, 409)).toBe(9)
      for (const answer of answers.filter(({ status }) => status === 409)) {
        expect(errorOf(answer)).toMatchObject({
          code: "wrong_state",
          details: { status: expect.any(String) },
        })
      }
      const wanted = action === "pause" ? "paused" : "running"
      expect([(await harness.api.get(id)).status, hostStatus(id)]).toEqual([wanted, wanted])
    }
  })

  test("pauses, resumes and a delete at once end with nothing left", async () => {
    for (let round = 0; round < 5; round++) {
      const { id } = await harness.api.create()
      const actions = Array.from({ length: 4 }, (_, index) => call(id, index % 2 === 0 ? "pause" : "resume"))
      const deleting = harness.api.call("DELETE", `/v1/sandboxes/${id}`)
      for (const { status } of await Promise.all(actions)) expect([200, 409]).toContain(status)
      expect((await deleting).status).toBe(204)
      expect([(await harness.api.get(id)).status, hostStatus(id)]).toEqual(["stopped", undefined])
    }
  })

  test.each(["pause", "resume"] as const)("a %s that the host fails changes nothing", async (action) => {
    const { host, api } = harness
    for (const moment of [`${action}Sandbox`, `${action}Sandbox:working`]) {
      const id = await createFor(action)
      const before = await api.get(id)
      host.injections.failNext(moment, new PlatformError("capacity_exhausted", "the disk is full"))
      const answer = await call(id, action)
      expect([answer.status, errorOf(answer)]).toEqual([
        503,
        { code: "capacity_exhausted", message: "the disk is full" },
      ])
      const { updated_at: _, ...after } = await api.get(id)
      expect({ ...after, updated_at: before.updated_at }).toEqual(before)
      expect(hostStatus(id)).toBe(INVERSE[action])
      expect((await call(id, action)).status).toBe(200)
    }
  })

  test("data that is lost is said to be lost", async () => {
    const id = await createFor("resume")
    harness.host.injections.failNext("resumeSandbox", new PlatformError("data_loss", "a block is damaged"))
    const answer = await call(id, "resume")
    expect([answer.status, errorOf(answer)]).toEqual([
      500,
      { code: "data_loss", message: "a block is damaged" },
    ])
    expect((await harness.api.get(id)).status).toBe("paused")
  })

  test.each(["pause", "resume"] as const)("a delete during a %s wins", async (action) => {
    const { host, api } = harness
    for (const moment of [`${action}Sandbox`, `${action}Sandbox:working`, `${action}Sandbox:answer`]) {
      const id = await createFor(action)
      const held = host.injections.holdNext(moment)
      const acting = call(id, action)
      await held.arrived
      expect((await api.get(id)).status).toBe(action === "pause" ? "pausing" : "resuming")
      expect((await call(id, action)).status).toBe(409)
      expect((await api.call("DELETE", `/v1/sandboxes/${id}`)).status).toBe(204)
      held.release()
      const answer = await acting
      expect([answer.status, errorOf(answer).code, errorOf(answer).details]).toEqual([
        409,
        "wrong_state",
        { status: "stopped" },
      ])
      expect([(await api.get(id)).status, hostStatus(id)]).toEqual(["stopped", undefined])
    }
  })

  test.each(["pause", "resume"] as const)("a client that goes away does not stop its %s", async (action) => {
    const { host, api } = harness
    const id = await createFor(action)
    const held = host.injections.holdNext(`${action}Sandbox:working`)
    const aborter = new AbortController()
    const gone = fetch(`${api.url}/v1/sandboxes/${id}/${action}`, {
      method: "POST",
      headers: { "x-api-key": API_KEY },
      signal: aborter.signal,
    })
    await held.arrived
    aborter.abort()
    await expect(gone).rejects.toThrow("aborted")
    held.release()
    await api.until(id, ({ status }) => status === (action === "pause" ? "paused" : "running"))
  })

  test("many pauses and resumes at once all succeed", async () => {
    const created = await Promise.all(Array.from({ length: 12 }, () => harness.api.create()))
    const all = async (action: string) => {
      const answers: Answer[] = await Promise.all(created.map(({ id }) => call(id, action)))
      expect(answers.map(({ status }) => status)).toEqual(created.map(() => 200))
    }
    for (let round = 0; round < 3; round++) {
      await all("pause")
      await all("resume")
    }
    for (const { id } of created) {
      expect(await harness.api.get(id)).toMatchObject({ status: "running", pause: { generation: 2 } })
    }
  })
})

function countOf(answers: readonly Answer[], status: number): number {
  return answers.filter((answer) => answer.status === status).length
}
