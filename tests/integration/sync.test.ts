import { PlatformError } from "@thaw/model"
import { afterAll, afterEach, beforeAll, expect, test } from "vitest"

import { errorOf } from "./_api-client.ts"
import { describeOnEachDatabase } from "./_databases.ts"
import { Harness } from "./_harness.ts"

describeOnEachDatabase("agreement with the host", (source) => {
  let harness: Harness
  beforeAll(async () => {
    harness = await Harness.start(await source.createDatabase())
  })
  afterEach(async () => {
    await harness.untilReady()
  })
  afterAll(async () => {
    await harness[Symbol.asyncDispose]()
  })

  test("a crash and an expiry are known within a second", async () => {
    const { api, host } = harness
    await expect.poll(() => harness.logLines.join("")).toContain("is connected")
    const crashed = await api.create()
    const expired = await api.create()
    host.sandboxes.crash(crashed.id, "the VMM was ended by SIGKILL")
    host.sandboxes.expire(expired.id)
    expect(await api.until(crashed.id, ({ status }) => status !== "running", 1000)).toMatchObject({
      status: "error",
      reason: "the VMM was ended by SIGKILL",
    })
    expect(await api.until(expired.id, ({ status }) => status !== "running", 1000)).toMatchObject({
      status: "stopped",
      reason: "timeout",
    })
  })

  test("a sandbox that crashes while it is created does not stay running", async () => {
    const { api, host } = harness
    for (let round = 0; round < 10; round++) {
      const creating = api.call("POST", "/v1/sandboxes", { json: { metadata: { round: String(round) } } })
      await expect
        .poll(() => host.sandboxes.list().find((sandbox) => sandbox.status === "running")?.spec?.sandboxId, {
          interval: 1,
        })
        .toBeDefined()
      const id = host.sandboxes.list().find((sandbox) => sandbox.status === "running")?.spec?.sandboxId ?? ""
      host.sandboxes.crash(id, "early")
      await creating
      expect(await api.until(id, ({ status }) => status === "error")).toMatchObject({ reason: "early" })
      await api.call("DELETE", `/v1/sandboxes/${id}`)
    }
  })

  test("while the host is away nothing changes, calls are unavailable, and all is well when it is back", async () => {
    const { api, host } = harness
    const { id } = await api.create()
    await host.stop()
    const ready = await api.call("GET", "/readyz")
    expect([ready.status, errorOf(ready).details]).toEqual([
      503,
      { checks: { database: "ok", host_agent: "unavailable" } },
    ])
    expect((await fetch(`${harness.url}/healthz`)).status).toBe(200)
    const exec = await api.call("POST", `/v1/sandboxes/${id}/exec`, { json: { cmd: "echo" } })
    expect([exec.status, errorOf(exec).code]).toEqual([503, "unavailable"])
    const create = await api.call("POST", "/v1/sandboxes", { json: {} })
    expect([create.status, errorOf(create).code]).toEqual([503, "unavailable"])
    expect((await api.get(id)).status).toBe("running")
    await host.start()
    await expect
      .poll(
        async () => (await api.call("POST", `/v1/sandboxes/${id}/exec`, { json: { cmd: "echo" } })).status,
      )
      .toBe(200)
    expect((await api.get(id)).status).toBe("running")
  })

  test("a delete while the host is away says so and is finished when it is back", async () => {
    const { api, host } = harness
    const { id } = await api.create()
    await host.stop()
    const answer = await api.call("DELETE", `/v1/sandboxes/${id}`)
    expect([answer.status, errorOf(answer).code]).toEqual([503, "unavailable"])
    expect((await api.get(id)).status).toBe("stopping")
    await host.start()
    await api.until(id, ({ status }) => status === "stopped", 10_000)
    expect(host.sandboxes.find(id)).toBeUndefined()
  })

  test("a delete that the host fails can be repeated", async () => {
    const { api, host } = harness
    const { id } = await api.create()
    host.injections.failNext("destroySandbox", new PlatformError("internal", "device busy"))
    expect((await api.call("DELETE", `/v1/sandboxes/${id}`)).status).toBe(500)
    expect((await api.call("DELETE", `/v1/sandboxes/${id}`)).status).toBe(204)
    expect((await api.get(id)).status).toBe("stopped")
  })

  test("what a host has lost or ended while nobody looked is found when it is back", async () => {
    const { api, host } = harness
    const lost = await api.create()
    const crashed = await api.create()
    const timed = await api.create({ timeout_sec: 1 })
    await host.stop()
    host.sandboxes.lose(lost.id)
    host.sandboxes.lose(timed.id)
    host.sandboxes.crash(crashed.id, "out of memory")
    await new Promise((resolve) => setTimeout(resolve, 1100))
    await host.start()
    expect(await api.until(lost.id, ({ status }) => status !== "running", 10_000)).toMatchObject({
      status: "error",
      reason: "lost by its host",
    })
    expect((await api.get(crashed.id)).reason).toBe("out of memory")
    expect(await api.get(timed.id)).toMatchObject({ status: "stopped", reason: "timeout reached" })
  })

  test("a create under way is not taken for lost", async () => {
    const { api, host } = harness
    const held = host.injections.holdNext("createSandbox")
    const creating = api.create()
    await held.arrived
    // A full comparison runs when the host agent comes back.
    await host.stop()
    await expect(creating).rejects.toThrow("503")
    await host.start()
    const again = host.injections.holdNext("createSandbox")
    await harness.untilReady()
    const second = api.create()
    await again.arrived
    held.release()
    again.release()
    expect((await second).status).toBe("running")
  })

  test("a create that ended badly here and well there leaves nothing on the host", async () => {
    const { api, host } = harness
    const held = host.injections.holdNext("createSandbox")
    const creating = api.call("POST", "/v1/sandboxes", { json: { metadata: { half: "1" } } })
    await held.arrived
    await host.stop()
    expect((await creating).status).toBe(503)
    held.release()
    const listed = await api.call("GET", "/v1/sandboxes?metadata.half=1")
    const id = (listed.body as { items: { id: string }[] }).items[0]?.id ?? ""
    await expect.poll(() => host.sandboxes.find(id)?.status).toBe("running")
    await host.start()
    await expect.poll(() => host.sandboxes.find(id), { timeout: 10_000 }).toBeUndefined()
    expect((await api.get(id)).status).toBe("error")
  })

  /** Ends the control plane while the host has not answered a create; gives the sandbox's id */
  const restartInCreate = async (test: string, meanwhile: () => void) => {
    const creating = harness.api
      .call("POST", "/v1/sandboxes", { json: { metadata: { test } } })
      .catch(() => undefined)
    const find = async () => {
      const listed = await harness.api.call("GET", `/v1/sandboxes?metadata.test=${test}&status=starting`)
      return (listed.body as { items: { id: string }[] }).items[0]?.id
    }
    await expect.poll(find).toBeDefined()
    const id = (await find()) ?? ""
    await harness.stopControlPlane()
    await creating
    meanwhile()
    await harness.startControlPlane()
    return id
  }

  test("a sandbox that its host made while the control plane was away is taken over", async () => {
    const held = harness.host.injections.holdNext("createSandbox")
    const id = await restartInCreate("taken-over", () => held.release())
    const settled = await harness.api.until(id, ({ status }) => status !== "starting")
    expect(settled).toMatchObject({ status: "running", expires_at: expect.any(String) })
    const exec = await harness.api.call("POST", `/v1/sandboxes/${id}/exec`, { json: { cmd: "echo" } })
    expect(exec.status).toBe(200)
  })

  test("a create that its host has not made is in error, and does not stay if the host makes it after all", async () => {
    const held = harness.host.injections.holdNext("createSandbox")
    const id = await restartInCreate("interrupted", () => undefined)
    const settled = await harness.api.until(id, ({ status }) => status !== "starting")
    expect(settled).toMatchObject({ status: "error", reason: "create interrupted" })
    held.release()
    await expect
      .poll(() => harness.host.sandboxes.list().map(({ spec }) => spec?.sandboxId))
      .not.toContain(id)
  })

  test("a restart changes nothing for what runs", async () => {
    const { id } = await harness.api.create()
    const before = await harness.api.get(id)
    await harness.stopControlPlane()
    await harness.startControlPlane()
    await harness.untilReady()
    expect(await harness.api.get(id)).toEqual(before)
  })
})
