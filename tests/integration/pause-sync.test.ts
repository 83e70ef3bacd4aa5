import { PlatformError } from "@thaw/model"
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest"

import { errorOf } from "./_api-client.ts"
import { describeOnDatabase, describeOnEachDatabase } from "./_databases.ts"
import { Harness } from "./_harness.ts"

/** Each transition with the status it starts from and the one it ends in */
const TRANSITIONS = [
  { action: "pause", from: "running", during: "pausing", to: "paused" },
  { action: "resume", from: "paused", during: "resuming", to: "running" },
] as const

describeOnEachDatabase("agreement with the host about", (source) => {
  let harness: Harness
  beforeAll(async () => {
    harness = await Harness.start(await source.createDatabase())
    await harness.untilConnected()
  })
  afterEach(async () => {
    await harness.untilReady()
  })
  afterAll(async () => {
    await harness[Symbol.asyncDispose]()
  })

  const call = (id: string, action: string) => harness.api.call("POST", `/v1/sandboxes/${id}/${action}`)

  describe.each(TRANSITIONS)("$action", ({ action, from, during, to }) => {
    /** A sandbox that `action` is allowed for */
    const create = async () => {
      const { id } = await harness.api.create()
      if (from === "paused") await call(id, "pause")
      return id
    }

    test("whose answer is lost, made", async () => {
      const id = await create()
      harness.host.injections.failNext(`${action}Sandbox:answer`, new PlatformError("unavailable", "cut off"))
      expect((await call(id, action)).status).toBe(503)
      const settled = await harness.api.until(id, ({ status }) => status !== during, 2_000)
      expect(settled).toMatchObject({ status: to, pause: { generation: 0 } })
      expect(settled.expires_at !== undefined).toBe(to === "running")
      expect(settled.reason).toBeUndefined()
    })

    test.each(["unavailable", "deadline_exceeded", "canceled"] as const)(
      "whose answer is lost by %s, not made",
      async (code) => {
        const id = await create()
        const before = await harness.api.get(id)
        harness.host.injections.failNext(`${action}Sandbox`, new PlatformError(code, "not now"))
        expect(errorOf(await call(id, action)).code).toBe(code)
        const settled = await harness.api.until(id, ({ status }) => status !== during, 2_000)
        expect(settled).toEqual({ ...before, updated_at: settled.updated_at })
        expect((await call(id, action)).status).toBe(200)
      },
    )

    test("during which the host goes away, at each moment", async () => {
      const { host, api } = harness
      for (const moment of [`${action}Sandbox`, `${action}Sandbox:working`, `${action}Sandbox:answer`]) {
        const id = await create()
        const held = host.injections.holdNext(moment)
        const acting = call(id, action)
        await held.arrived
        await host.stop()
        expect((await acting).status).toBe(503)
        expect((await api.get(id)).status).toBe(during)
        held.release()
        await expect.poll(() => host.sandboxes.find(id)?.status).toBe(to)
        await host.start()
        expect(await api.until(id, ({ status }) => status !== during, 10_000)).toMatchObject({ status: to })
      }
    })

    test("that the host is still at when it is back", async () => {
      const { host, api } = harness
      const id = await create()
      const held = host.injections.holdNext(`${action}Sandbox:working`)
      const acting = call(id, action)
      await held.arrived
      await host.stop()
      expect((await acting).status).toBe(503)
      await host.start()
      await harness.untilReady()
      await new Promise((resolve) => setTimeout(resolve, 300))
      expect((await api.get(id)).status).toBe(during)
      expect((await call(id, "pause")).status).toBe(409)
      held.release()
      await api.until(id, ({ status }) => status === to, 10_000)
    })

    test("that is under way while everything is compared", async () => {
      const { host, api } = harness
      const id = await create()
      const held = host.injections.holdNext(`${action}Sandbox`)
      const acting = call(id, action)
      await held.arrived
      // An answer that is lost lets everything be compared.
      const other = await create()
      host.injections.failNext(`${action}Sandbox:answer`, new PlatformError("unavailable", "cut off"))
      await call(other, action)
      await api.until(other, ({ status }) => status === to, 2_000)
      expect((await api.get(id)).status).toBe(during)
      held.release()
      expect((await acting).status).toBe(200)
    })

    test("of one that the host has lost", async () => {
      const { host, api } = harness
      const id = await create()
      const held = host.injections.holdNext(`${action}Sandbox`)
      const acting = call(id, action)
      await held.arrived
      await host.stop()
      await acting
      host.sandboxes.lose(id)
      held.release()
      await host.start()
      const settled = await api.until(id, ({ status }) => status !== during, 10_000)
      expect(settled).toMatchObject({
        status: "error",
        reason: `lost by its host while it was ${during}`,
      })
      expect((await api.call("DELETE", `/v1/sandboxes/${id}`)).status).toBe(204)
    })

    test("cut off by the end of the control plane, made meanwhile or not", async () => {
      const { host } = harness
      const [made, unmade] = [await create(), await create()]
      const holds = [host.injections.holdNext(`${action}Sandbox:answer`)]
      const acting = [call(made, action).catch(() => undefined)]
      await holds[0]?.arrived
      holds.push(host.injections.holdNext(`${action}Sandbox`))
      acting.push(call(unmade, action).catch(() => undefined))
      await holds[1]?.arrived
      await harness.stopControlPlane()
      await Promise.all(acting)
      await harness.startControlPlane()
      await harness.api.until(made, ({ status }) => status === to)
      await harness.api.until(unmade, ({ status }) => status === from)
      for (const held of holds) held.release()
      expect(await harness.api.until(unmade, ({ status }) => status === to)).toMatchObject({ id: unmade })
    })
  })

  test("a sandbox that is paused and that its host does not list", async () => {
    const { api, host } = harness
    const { id } = await api.create()
    await call(id, "pause")
    host.sandboxes.lose(id)
    await host.stop()
    await host.start()
    await harness.untilReady()
    const { id: other } = await api.create()
    host.sandboxes.crash(other, "compared")
    await api.until(other, ({ status }) => status === "error", 10_000)
    expect((await api.get(id)).status).toBe("paused")
    const answer = await call(id, "resume")
    expect([answer.status, (await api.get(id)).status]).toEqual([404, "paused"])
    expect((await api.call("DELETE", `/v1/sandboxes/${id}`)).status).toBe(204)
  })

  test("sandboxes whose time was over while nobody looked", async () => {
    const { api, host } = harness
    const paused = await api.create({ on_timeout: "pause" })
    const resumed = await api.create({ on_timeout: "pause" })
    await call(resumed.id, "pause")
    await harness.stopControlPlane()
    host.sandboxes.expire(paused.id)
    await host.sandboxes.resume(resumed.id, async () => undefined)
    await harness.startControlPlane()
    expect(await harness.api.until(paused.id, ({ status }) => status === "paused")).toMatchObject({
      reason: "timeout reached",
      pause: { generation: 0 },
    })
    await harness.api.until(resumed.id, ({ status }) => status === "running")
  })

  test("a delete that the host fails during a pause", async () => {
    const { api, host } = harness
    const { id } = await api.create()
    const held = host.injections.holdNext("pauseSandbox:working")
    const pausing = call(id, "pause")
    await held.arrived
    host.injections.failNext("destroySandbox", new PlatformError("internal", "busy"))
    expect((await api.call("DELETE", `/v1/sandboxes/${id}`)).status).toBe(500)
    held.release()
    expect((await pausing).status).toBe(409)
    await api.until(id, ({ status }) => status === "stopped", 10_000)
    expect(host.sandboxes.find(id)).toBeUndefined()
  })

  test("the lifetime, when the answer to a change of it was lost", async () => {
    const { host } = harness
    const { id } = await harness.api.create({ timeout_sec: 100 })
    await harness.stopControlPlane()
    const spec = host.sandboxes.find(id)?.spec
    if (spec === undefined) throw new Error("not on the host")
    Object.assign(spec, { timeoutSec: 50, onTimeout: "pause" })
    host.sandboxes.touch(id)
    await harness.startControlPlane()
    const settled = await harness.api.until(id, ({ timeout_sec: sec }) => sec === 50)
    expect(settled.on_timeout).toBe("pause")
    expect(Date.parse(settled.expires_at ?? "") - Date.now()).toBeLessThan(50_000)
  })
})

describeOnDatabase("PostgreSQL", "two control planes on one database", (source) => {
  test("of twenty pauses through both one succeeds, and each leaves the other's alone", async () => {
    await using first = await Harness.start(await source.createDatabase())
    await using second = await Harness.joining(first)
    await first.untilConnected()
    await second.untilConnected()
    const { id } = await first.api.create()
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 === 0 ? first : second).api.call("POST", `/v1/sandboxes/${id}/pause`),
      ),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(19)

    const held = first.host.injections.holdNext("resumeSandbox")
    const resuming = first.api.call("POST", `/v1/sandboxes/${id}/resume`)
    await held.arrived
    // The second one compares everything when the host agent connects, and when it starts.
    await second.stopControlPlane()
    await second.startControlPlane()
    await second.untilReady()
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect((await second.api.get(id)).status).toBe("resuming")
    held.release()
    expect((await resuming).status).toBe(200)
    expect((await second.api.get(id)).status).toBe("running")
  })
})
