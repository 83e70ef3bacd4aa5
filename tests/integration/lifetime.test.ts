import { SandboxSchema } from "@thaw/api"
import { PlatformError } from "@thaw/model"
import { afterAll, beforeAll, expect, test } from "vitest"

import { errorOf } from "./_api-client.ts"
import { describeOnEachDatabase } from "./_databases.ts"
import { Harness } from "./_harness.ts"

describeOnEachDatabase("lifetime", (source) => {
  let harness: Harness
  beforeAll(async () => {
    harness = await Harness.start(await source.createDatabase())
    await harness.untilReady()
    await harness.untilConnected()
  })
  afterAll(async () => {
    await harness[Symbol.asyncDispose]()
  })

  const patch = (id: string, json: unknown) => harness.api.call("PATCH", `/v1/sandboxes/${id}`, { json })
  const update = async (id: string, json: unknown) => SandboxSchema.parse((await patch(id, json)).body)
  const specOf = (id: string) => harness.host.sandboxes.find(id)?.spec
  const remainingSec = ({ expires_at: at }: { expires_at?: string | undefined }) =>
    Math.round((Date.parse(at ?? "") - Date.now()) / 1000)

  test("timeout, what then happens and metadata can be changed, each alone and together", async () => {
    const { api } = harness
    const { id } = await api.create({ metadata: { a: "1", b: "2" }, timeout_sec: 100 })
    expect((await api.get(id)).on_timeout).toBe("destroy")

    const longer = await update(id, { timeout_sec: 1000 })
    expect(longer).toMatchObject({ timeout_sec: 1000, on_timeout: "destroy", metadata: { a: "1", b: "2" } })
    expect(remainingSec(longer)).toBeGreaterThan(990)
    const shorter = await update(id, { timeout_sec: 50, on_timeout: "pause" })
    expect(remainingSec(shorter)).toBeLessThanOrEqual(50)
    expect(specOf(id)).toMatchObject({ timeoutSec: 50, onTimeout: "pause" })
    expect(await update(id, { metadata: { c: "ü" } })).toMatchObject({
      timeout_sec: 50,
      metadata: { c: "ü" },
    })
    const never = await update(id, { timeout_sec: 0, on_timeout: "destroy", metadata: {} })
    expect(never).toMatchObject({ timeout_sec: 0, on_timeout: "destroy", metadata: {} })
    expect(never.expires_at).toBeUndefined()
    expect(await api.get(id)).toEqual(never)
    const listed = await api.call("GET", "/v1/sandboxes?metadata.c=%C3%BC")
    expect(listed.body).toEqual({ items: [] })
  })

  test("on_timeout of a create reaches the host", async () => {
    const created = await harness.api.create({ on_timeout: "pause" })
    expect(created.on_timeout).toBe("pause")
    expect(specOf(created.id)?.onTimeout).toBe("pause")
  })

  test("a paused sandbox can be changed, and lives by it when it is resumed", async () => {
    const { api } = harness
    const { id } = await api.create()
    await api.call("POST", `/v1/sandboxes/${id}/pause`)
    const changed = await update(id, { timeout_sec: 77 })
    expect(changed).toMatchObject({ status: "paused", timeout_sec: 77 })
    expect(changed.expires_at).toBeUndefined()
    const resumed = await api.call("POST", `/v1/sandboxes/${id}/resume`)
    expect(remainingSec(SandboxSchema.parse(resumed.body))).toBeLessThanOrEqual(77)
  })

  test("one that has ended keeps its lifetime, and a refused change changes nothing", async () => {
    const { api } = harness
    const { id } = await api.create()
    await api.call("DELETE", `/v1/sandboxes/${id}`)
    const before = await api.get(id)
    const answer = await patch(id, { timeout_sec: 5, metadata: { late: "1" } })
    expect([answer.status, errorOf(answer).details]).toEqual([409, { status: "stopped" }])
    expect(await api.get(id)).toEqual(before)
    expect(await update(id, { metadata: { late: "1" } })).toMatchObject({
      status: "stopped",
      metadata: { late: "1" },
    })
  })

  test("what the host refuses or cannot be asked changes nothing", async () => {
    const { api, host } = harness
    const { id } = await api.create()
    const before = await api.get(id)
    host.injections.failNext("updateSandbox", new PlatformError("wrong_state", "not now"))
    expect((await patch(id, { timeout_sec: 5, metadata: { a: "1" } })).status).toBe(409)
    host.injections.failNext("updateSandbox", new PlatformError("unavailable", "not there"))
    expect((await patch(id, { on_timeout: "pause" })).status).toBe(503)
    expect(await api.get(id)).toEqual(before)
  })

  test.each([
    ["nothing", {}],
    ["an unknown field", { vcpus: 2 }],
    ["a timeout that is none", { timeout_sec: -1 }],
    ["an end that is none", { on_timeout: "stop" }],
    ["no object", []],
  ])("%s is refused", async (_name, json) => {
    const { id } = await harness.api.create()
    expect((await patch(id, json)).status).toBe(400)
  })

  test("an unknown sandbox is not found", async () => {
    expect((await patch(`sbx${"a".repeat(17)}`, { metadata: {} })).status).toBe(404)
  })

  test("changes at the same time leave database and host agreed, and disturb no pause", async () => {
    const { api } = harness
    const { id } = await api.create()
    const timeouts = [11, 22, 33, 44, 55, 66]
    const changes = timeouts.map((sec) => patch(id, { timeout_sec: sec, metadata: { sec: String(sec) } }))
    const pausing = api.call("POST", `/v1/sandboxes/${id}/pause`)
    for (const { status } of await Promise.all(changes)) expect([200, 409]).toContain(status)
    expect((await pausing).status).toBe(200)
    const { timeout_sec: timeoutSec, status } = await api.get(id)
    expect([status, specOf(id)?.timeoutSec]).toEqual(["paused", timeoutSec])
  })

  test("activity moves the end, without any other change", async () => {
    const { api, host } = harness
    const { id, ...created } = await api.create({ timeout_sec: 60 })
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    host.sandboxes.touch(id)
    const moved = await api.until(id, ({ expires_at: at }) => at !== created.expires_at)
    expect(moved).toEqual({ id, ...created, expires_at: moved.expires_at })
    expect(Date.parse(moved.expires_at ?? "") - Date.parse(created.expires_at ?? "")).toBeGreaterThan(1000)
    expect((await api.call("POST", `/v1/sandboxes/${id}/pause`)).status).toBe(200)
  })

  test("activity during a pause and its end does not disturb the pause", async () => {
    const { api, host } = harness
    for (let round = 0; round < 10; round++) {
      const { id } = await api.create({ timeout_sec: 60 })
      const sandbox = host.sandboxes.find(id)
      if (sandbox === undefined) throw new Error("not on the host")
      for (let step = 0; step < 5; step++) {
        host.sandboxes.touch(id)
        sandbox.expiresAtMs += 10_000 * (step + 1)
      }
      expect((await api.call("POST", `/v1/sandboxes/${id}/pause`)).status).toBe(200)
      expect((await api.get(id)).expires_at).toBeUndefined()
    }
  })

  test("a sandbox whose time is over is paused with its report, and can be resumed", async () => {
    const { api, host } = harness
    const { id } = await api.create({ on_timeout: "pause" })
    host.sandboxes.expire(id)
    const paused = await api.until(id, ({ status }) => status === "paused", 1_000)
    expect(paused).toMatchObject({ reason: "timeout reached", pause: { generation: 0, stop_ms: 7.25 } })
    expect(paused.expires_at).toBeUndefined()
    const resumed = SandboxSchema.parse((await api.call("POST", `/v1/sandboxes/${id}/resume`)).body)
    expect([resumed.status, resumed.reason, remainingSec(resumed) > 290]).toEqual([
      "running",
      undefined,
      true,
    ])

    host.injections.failNext("resumeSandbox", new PlatformError("capacity_exhausted", "full"))
    host.sandboxes.expire(id)
    await api.until(id, ({ status }) => status === "paused", 1_000)
    expect((await api.call("POST", `/v1/sandboxes/${id}/resume`)).status).toBe(503)
    expect(await api.get(id)).toMatchObject({ status: "paused", reason: "timeout reached" })
  })
})
