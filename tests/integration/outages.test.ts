import { mkdtemp, rm } from "node:fs/promises"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

import { PlatformError } from "@thaw/model"
import { openHostAgentClient } from "@thaw/rpc"
import { startSimulatedHostAgent } from "@thaw/testkit"
import { Client } from "pg"
import { describe, expect, test } from "vitest"

import { errorOf } from "./_api-client.ts"
import { describeOnDatabase } from "./_databases.ts"
import { FreezableProxy } from "./_freezable-proxy.ts"
import { HOST_TOKEN, Harness } from "./_harness.ts"

const SOCKET_NAME = ".s.PGSQL.5432"

describeOnDatabase("PGlite", "a host that hangs", (source) => {
  test("one destroy that hangs holds up neither other sandboxes nor the end of the control plane", async () => {
    await using harness = await Harness.start(await source.createDatabase())
    await harness.untilReady()
    const { api, host } = harness
    const [first, second] = [await api.create(), await api.create()]
    const held = host.injections.holdNext("destroySandbox")
    host.sandboxes.crash(first.id, "first")
    await held.arrived
    host.sandboxes.crash(second.id, "second")
    await api.until(second.id, ({ status }) => status === "error", 2_000)
    await expect.poll(() => host.sandboxes.find(second.id)).toBeUndefined()
    expect((await api.get(first.id)).reason).toBe("first")
    const startedMs = performance.now()
    await harness.stopControlPlane()
    expect(performance.now() - startedMs).toBeLessThan(8_000)
    held.release()
    await expect.poll(() => host.sandboxes.find(first.id)).toBeUndefined()
  })
})

describeOnDatabase("PostgreSQL", "a shared database", (source) => {
  test("a database that falls silent, is busy or is away for a moment", async () => {
    const directUrl = await source.createDatabase()
    const dir = await mkdtemp(join(tmpdir(), "thaw-proxy-"))
    await using stack = new AsyncDisposableStack()
    stack.defer(() => rm(dir, { recursive: true, force: true }))
    const url = new URL(directUrl)
    const target = { path: join(url.searchParams.get("host") ?? "", SOCKET_NAME) }
    const proxy = stack.use(await FreezableProxy.start({ listen: { path: join(dir, SOCKET_NAME) }, target }))
    url.searchParams.set("host", dir)
    // The driver takes these from the URL before those it is given.
    url.searchParams.set("query_timeout", "1000")
    url.searchParams.set("statement_timeout", "500")
    const harness = stack.use(await Harness.start(url.href))
    await harness.untilReady()
    const { api, host } = harness
    const { id } = await api.create()

    proxy.freeze()
    const silent = await api.call("GET", `/v1/sandboxes/${id}`)
    expect([silent.status, errorOf(silent).code]).toEqual([503, "unavailable"])
    await expect
      .poll(async () => (await api.call("GET", `/v1/sandboxes/${id}`)).status, { timeout: 10_000 })
      .toBe(200)

    const locker = new Client({ connectionString: directUrl })
    await locker.connect()
    await locker.query("begin; lock table sandboxes")
    const busy = await api.call("GET", `/v1/sandboxes/${id}`)
    expect([busy.status, errorOf(busy).code]).toEqual([503, "unavailable"])

    // A create whose sandbox runs when the database cannot be written to
    await locker.query("rollback")
    const held = host.injections.holdNext("createSandbox")
    const creating = api.create()
    await held.arrived
    await locker.query("begin; lock table sandboxes")
    held.release()
    await sleep(1_500)
    await locker.query("rollback")
    expect((await creating).status).toBe("running")

    // The same of a pause, and of one that the host fails
    for (const outcome of ["paused", "running"]) {
      const { id: other } = await api.create()
      const working = host.injections.holdNext("pauseSandbox:working")
      if (outcome === "running") {
        host.injections.failNext("pauseSandbox:answer", new PlatformError("internal", "busy"))
      }
      const pausing = api.call("POST", `/v1/sandboxes/${other}/pause`)
      await working.arrived
      await locker.query("begin; lock table sandboxes")
      working.release()
      await sleep(1_500)
      await locker.query("rollback")
      expect((await pausing).status).toBe(outcome === "paused" ? 200 : 500)
      await api.until(other, ({ status }) => status === "paused")
    }
    await locker.end()
  })

  test("a control plane that starts leaves the creates of another alone, and settles them when the other is gone", async () => {
    await using first = await Harness.start(await source.createDatabase())
    await first.untilReady()
    const held = first.host.injections.holdNext("createSandbox")
    const lost = first.host.injections.holdNext("createSandbox")
    const creating = first.api.create()
    await held.arrived
    const cutOff = first.api.create({ metadata: { test: "cut-off" } }).catch(() => undefined)
    await lost.arrived
    await using second = await Harness.joining(first)
    await second.untilReady()
    await expect.poll(() => second.logLines.join("")).toContain("is connected")
    await sleep(500)
    held.release()
    expect((await creating).status).toBe("running")

    await first.stopControlPlane()
    await cutOff
    // The next comparison comes when the host agent connects again.
    await first.host.stop()
    await first.host.start()
    const listed = await second.api.call("GET", "/v1/sandboxes?metadata.test=cut-off")
    const id = (listed.body as { items: { id: string }[] }).items[0]?.id ?? ""
    const settled = await second.api.until(id, ({ status }) => status !== "starting", 10_000)
    expect(settled).toMatchObject({ status: "error", reason: "create interrupted" })
    lost.release()
  })
})

describe("the connection to a host agent", () => {
  test("is replaced when the other end is gone without a word", async () => {
    await using host = await startSimulatedHostAgent({ token: HOST_TOKEN })
    await using proxy = await FreezableProxy.start({
      listen: { port: 0, host: "127.0.0.1" },
      target: { port: Number(new URL(host.url).port), host: "127.0.0.1" },
    })
    const { port } = proxy.server.address() as AddressInfo
    using client = openHostAgentClient({
      baseUrl: `http://127.0.0.1:${port}`,
      token: HOST_TOKEN,
      ping: { intervalMs: 300, timeoutMs: 300 },
    })
    await client.getHost({})
    const watching = (async () => {
      for await (const _event of client.watchSandboxes({})) proxy.freeze()
    })()
    await expect(watching).rejects.toMatchObject({ code: "unavailable" })
    // At once, while the connection is still on its way down
    expect((await client.getHost({}, { timeoutMs: 5_000 })).version).toBe("simulated")
    await sleep(1_000)
    expect((await client.getHost({}, { timeoutMs: 5_000 })).version).toBe("simulated")
  })
})
