import { ListSnapshotsResponseSchema, TemplateSchema } from "@thaw/api"
import { PlatformError } from "@thaw/model"
import { afterAll, beforeAll, expect, test } from "vitest"

import { errorOf } from "./_api-client.ts"
import { describeOnEachDatabase } from "./_databases.ts"
import { API_KEY, Harness } from "./_harness.ts"

describeOnEachDatabase("snapshots", (source) => {
  let harness: Harness
  beforeAll(async () => {
    harness = await Harness.start(await source.createDatabase())
    await harness.untilReady()
  })
  afterAll(async () => {
    await harness[Symbol.asyncDispose]()
  })

  const post = (json: unknown, query = "") => harness.api.call("POST", `/v1/snapshots${query}`, { json })
  const freeze = async (json: unknown, query = "") => TemplateSchema.parse((await post(json, query)).body)
  const show = (name: string) => harness.api.call("GET", `/v1/snapshots/${name}`)
  const remove = (name: string) => harness.api.call("DELETE", `/v1/snapshots/${name}`)
  const names = async (query = "") => {
    const { body } = await harness.api.call("GET", `/v1/snapshots${query}`)
    return ListSnapshotsResponseSchema.parse(body).items.map(({ name }) => name)
  }
  const refused = async (json: unknown, query = "") => {
    const answer = await post(json, query)
    return [answer.status, errorOf(answer).code]
  }

  test("a snapshot is made, shown, listed, started from and deleted; its source runs on", async () => {
    const { api, host } = harness
    const source = await api.create({ vcpus: 2, memory_mib: 1024 })
    const answer = await post({ sandbox_id: source.id, name: "warm.1" })
    expect(answer.status).toBe(201)
    const made = TemplateSchema.parse(answer.body)
    expect(made).toMatchObject({
      name: "warm.1",
      type: "snapshot",
      vcpus: 2,
      memory_mib: 1024,
      parent: "base",
      sandbox_id: source.id,
      stop_ms: 12.5,
    })
    expect(made.size_bytes).toBeGreaterThan(0)
    expect((await show("warm.1")).body).toEqual(made)
    expect(await names()).toEqual(["base", "warm.1"])
    expect(await names("?type=base")).toEqual(["base"])
    expect(await names("?type=snapshot")).toEqual(["warm.1"])
    expect((await api.call("GET", "/v1/snapshots?type=other")).status).toBe(400)
    expect(await api.get(source.id)).toEqual(source)
    const base = TemplateSchema.parse((await show("base")).body)
    expect([base.type, base.vcpus, base.memory_mib, base.parent]).toEqual([
      "base",
      undefined,
      undefined,
      undefined,
    ])

    const spawned = await api.create({ template: "warm.1", vcpus: 4, memory_mib: 4096 })
    expect(spawned).toMatchObject({ template: "warm.1", vcpus: 2, memory_mib: 1024 })
    expect(host.sandboxes.find(spawned.id)?.spec).toMatchObject({ vcpus: 2, memoryMib: 1024 })
    expect(await api.create({ template: "warm.1" })).toMatchObject({ vcpus: 2, memory_mib: 1024 })

    expect((await remove("warm.1")).status).toBe(204)
    expect(await names()).toEqual(["base"])
    expect((await show("warm.1")).status).toBe(404)
    expect((await remove("warm.1")).status).toBe(404)
    expect((await api.get(spawned.id)).status).toBe("running")
    const gone = await api.call("POST", "/v1/sandboxes", { json: { template: "warm.1" } })
    expect([gone.status, errorOf(gone).code]).toEqual([404, "not_found"])
  })

  test("a paused sandbox stays paused, one that has ended cannot be frozen", async () => {
    const { api } = harness
    const { id } = await api.create()
    await api.call("POST", `/v1/sandboxes/${id}/pause`)
    expect((await post({ sandbox_id: id, name: "of-paused" })).status).toBe(201)
    expect((await api.get(id)).status).toBe("paused")
    await api.call("DELETE", `/v1/sandboxes/${id}`)
    expect(await refused({ sandbox_id: id, name: "of-stopped" })).toEqual([409, "wrong_state"])
    expect(await refused({ sandbox_id: "nothing", name: "of-nothing" })).toEqual([404, "not_found"])
    await remove("of-paused")
  })

  test("a name that is taken is overwritten only when asked to, that of a base template never", async () => {
    const [first, second] = [await harness.api.create(), await harness.api.create({ vcpus: 3 })]
    await freeze({ sandbox_id: first.id, name: "taken" })
    for (const query of ["", "?overwrite=false"]) {
      expect(await refused({ sandbox_id: second.id, name: "taken" }, query)).toEqual([409, "already_exists"])
    }
    const again = await freeze({ sandbox_id: second.id, name: "taken" }, "?overwrite=true")
    expect(again).toMatchObject({ vcpus: 3, sandbox_id: second.id })
    expect((await show("taken")).body).toEqual(again)
    for (const query of ["", "?overwrite=true"]) {
      expect(await refused({ sandbox_id: first.id, name: "base" }, query)).toEqual([409, "already_exists"])
    }
    const base = await remove("base")
    expect([base.status, errorOf(base).code]).toEqual([409, "wrong_state"])
    await remove("taken")
  })

  test("without a name one is generated", async () => {
    const { id } = await harness.api.create()
    const [first, second] = [await freeze({ sandbox_id: id }), await freeze({ sandbox_id: id })]
    expect(first.name).toMatch(/^snap-[0-9a-f]{16}$/)
    expect(second.name).not.toBe(first.name)
    await remove(first.name)
    await remove(second.name)
  })

  test.each([
    [{ name: "../etc" }, ""],
    [{ name: "" }, ""],
    [{ name: "a".repeat(65) }, ""],
    [{ sandbox_id: undefined }, ""],
    [{ more: 1 }, ""],
    [{}, "?overwrite=yes"],
    [{}, "?other=1"],
  ])("%j with query %j is refused", async (more, query) => {
    const { id } = await harness.api.create()
    expect(await refused({ sandbox_id: id, name: "x", ...more }, query)).toEqual([400, "invalid_argument"])
  })

  test("names of any shape are not found", async () => {
    for (const name of ["nothing", "..%2f..", "%00", "a".repeat(600), "%F0%9F%A6%8A"]) {
      for (const answer of [await show(name), await remove(name)]) {
        expect([name, answer.status, errorOf(answer).code]).toEqual([name, 404, "not_found"])
      }
    }
  })

  test("while a snapshot is made its source is running, its name is taken, and another of the source waits", async () => {
    const { api, host } = harness
    const { id } = await api.create()
    const held = host.injections.holdNext("createSnapshot:answer")
    const first = post({ sandbox_id: id, name: "one" })
    await held.arrived
    expect((await api.get(id)).status).toBe("running")
    expect(await refused({ sandbox_id: id, name: "one" })).toEqual([409, "wrong_state"])
    expect(await refused({ sandbox_id: id, name: "one" }, "?overwrite=true")).toEqual([409, "wrong_state"])
    let isSecondDone = false
    const second = post({ sandbox_id: id, name: "two" }).finally(() => {
      isSecondDone = true
    })
    const other = await api.create()
    expect((await post({ sandbox_id: other.id, name: "three" })).status).toBe(201)
    expect(isSecondDone).toBe(false)
    held.release()
    expect([(await first).status, (await second).status]).toEqual([201, 201])
    expect(await names("?type=snapshot")).toEqual(["one", "three", "two"])
    await Promise.all(["one", "two", "three"].map(remove))
  })

  test("of ten that make the same name at once one succeeds", async () => {
    const { id } = await harness.api.create()
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => post({ sandbox_id: id, name: "race" })),
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(9)
    await remove("race")
  })

  test("a snapshot that waited for one whose sandbox was deleted meanwhile is refused", async () => {
    const { api, host } = harness
    const { id } = await api.create()
    const held = host.injections.holdNext("createSnapshot")
    const first = post({ sandbox_id: id, name: "early" })
    await held.arrived
    const second = post({ sandbox_id: id, name: "late" })
    expect((await api.call("DELETE", `/v1/sandboxes/${id}`)).status).toBe(204)
    held.release()
    const answers = [await first, await second]
    expect(answers.map(({ status }) => status)).toEqual([404, 409])
    expect(await names("?type=snapshot")).toEqual([])
  })

  test("what the host fails leaves nothing, and an unknown outcome shows when the host was asked", async () => {
    const { api, host } = harness
    const { id } = await api.create()
    host.injections.failNext("createSnapshot", new PlatformError("capacity_exhausted", "the disk is full"))
    expect(await refused({ sandbox_id: id, name: "failed" })).toEqual([503, "capacity_exhausted"])
    expect((await show("failed")).status).toBe(404)
    host.injections.failNext("createSnapshot:answer", new PlatformError("unavailable", "cut off"))
    expect(await refused({ sandbox_id: id, name: "unsure" })).toEqual([503, "unavailable"])
    expect((await show("unsure")).status).toBe(200)

    host.injections.failNext("deleteSnapshot", new PlatformError("internal", "busy"))
    expect((await remove("unsure")).status).toBe(500)
    expect((await show("unsure")).status).toBe(200)
    host.injections.failNext("deleteSnapshot:answer", new PlatformError("unavailable", "cut off"))
    expect((await remove("unsure")).status).toBe(503)
    expect((await remove("unsure")).status).toBe(204)
    expect((await api.get(id)).status).toBe("running")
  })

  test("a client that goes away does not stop its snapshot", async () => {
    const { api, host } = harness
    const { id } = await api.create()
    const held = host.injections.holdNext("createSnapshot")
    const aborter = new AbortController()
    const gone = fetch(`${api.url}/v1/snapshots`, {
      method: "POST",
      headers: { "x-api-key": API_KEY, "content-type": "application/json" },
      body: JSON.stringify({ sandbox_id: id, name: "gone" }),
      signal: aborter.signal,
    })
    await held.arrived
    aborter.abort()
    await expect(gone).rejects.toThrow("aborted")
    held.release()
    await expect.poll(async () => await names("?type=snapshot")).toEqual(["gone"])
    await remove("gone")
  })

  test("the templates follow the host, but for those that are worked on", async () => {
    const { api, host } = harness
    const { id } = await api.create()
    host.templates.addBase("python")
    await freeze({ sandbox_id: id, name: "lost" })
    expect((await api.create({ template: "python" })).template).toBe("python")
    host.templates.lose("lost")
    await freeze({ sandbox_id: id, name: "deleted" })
    // The host is asked what it has; before the answer is there, one is made and one is deleted.
    const asking = host.injections.holdNext("getHost:answer")
    const unknown = api.call("POST", "/v1/sandboxes", { json: { template: "nothing" } })
    await asking.arrived
    await freeze({ sandbox_id: id, name: "meanwhile" })
    expect((await remove("deleted")).status).toBe(204)
    asking.release()
    expect((await unknown).status).toBe(404)
    expect(await names()).toEqual(["base", "meanwhile", "python"])
    await remove("meanwhile")
  })

  test("an unknown template is refused before anything is recorded, or as unknown to a host that is away", async () => {
    const { api, host } = harness
    const json = { template: "nothing", metadata: { test: "unknown" } }
    expect((await api.call("POST", "/v1/sandboxes", { json })).status).toBe(404)
    await host.stop()
    expect((await api.call("POST", "/v1/sandboxes", { json })).status).toBe(503)
    expect((await show("base")).status).toBe(200)
    await host.start()
    await harness.untilReady()
    expect((await api.call("GET", "/v1/sandboxes?metadata.test=unknown")).body).toEqual({ items: [] })
  })
})
