import { ListSandboxesResponseSchema } from "@thaw/api"
import { PlatformError } from "@thaw/model"
import { afterAll, beforeAll, expect, test } from "vitest"

import { errorOf, type ApiClient } from "./_api-client.ts"
import { describeOnEachDatabase } from "./_databases.ts"
import { Harness } from "./_harness.ts"

const UNKNOWN_ID = `sbx${"a".repeat(17)}`

describeOnEachDatabase("sandboxes", (source) => {
  let harness: Harness
  beforeAll(async () => {
    harness = await Harness.start(await source.createDatabase())
  })
  afterAll(async () => {
    await harness[Symbol.asyncDispose]()
  })

  test("a sandbox is created with defaults, shown, and deleted", async () => {
    const { api, host } = harness
    const created = await api.create()
    expect(created).toMatchObject({
      status: "running",
      template: "base",
      vcpus: 1,
      memory_mib: 512,
      timeout_sec: 300,
      metadata: {},
    })
    expect(created.id).toMatch(/^sbx[a-z2-7]{17}$/)
    expect(created.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(Date.parse(created.expires_at ?? "") - Date.parse(created.created_at)).toBeGreaterThan(299_000)
    expect(await api.get(created.id)).toEqual(created)
    expect(host.sandboxes.find(created.id)?.status).toBe("running")

    const deleted = await api.call("DELETE", `/v1/sandboxes/${created.id}`)
    expect(deleted.status).toBe(204)
    expect(deleted.text).toBe("")
    expect(await api.get(created.id)).toMatchObject({ status: "stopped", reason: "deleted" })
    expect(host.sandboxes.find(created.id)).toBeUndefined()
    expect((await api.call("DELETE", `/v1/sandboxes/${created.id}`)).status).toBe(204)
  })

  test("every field of a create reaches the host, and the environment is not shown", async () => {
    const { api, host } = harness
    const request = { template: "base", vcpus: 2, memory_mib: 1024, timeout_sec: 0, metadata: { a: "ü" } }
    const created = await api.create({ ...request, envs: { TOKEN: "s3cret" } })
    expect(created).toMatchObject(request)
    expect(created.expires_at).toBeUndefined()
    expect(JSON.stringify(created)).not.toContain("s3cret")
    const spec = host.sandboxes.find(created.id)?.spec
    expect(spec).toMatchObject({ vcpus: 2, memoryMib: 1024, timeoutSec: 0, envs: { TOKEN: "s3cret" } })
  })

  test("a create without a body takes every default", async () => {
    expect((await harness.api.call("POST", "/v1/sandboxes")).status).toBe(201)
  })

  test.each(["GET", "DELETE"])("%s of an unknown id is not found, whatever its shape", async (method) => {
    for (const id of [UNKNOWN_ID, "nothing", "..%2f..", "%00", "a".repeat(600), "SBXAAAAAAAAAAAAAAAAA"]) {
      const answer = await harness.api.call(method, `/v1/sandboxes/${id}`)
      expect([id, answer.status, errorOf(answer).code]).toEqual([id, 404, "not_found"])
    }
  })

  test("a create that the host refuses leaves the reason and answers with the host's code", async () => {
    const { api, host } = harness
    const failures = [
      [new PlatformError("capacity_exhausted", "the host is full"), 503],
      [new PlatformError("not_found", 'template "x" does not exist'), 404],
      [new PlatformError("unavailable", "the guest did not answer"), 503],
    ] as const
    for (const [failure, status] of failures) {
      host.injections.failNext("createSandbox", failure)
      const answer = await api.call("POST", "/v1/sandboxes", { json: { metadata: { test: failure.code } } })
      expect(answer.status).toBe(status)
      expect(errorOf(answer)).toEqual({ code: failure.code, message: failure.message })
      const listed = await list(api, `metadata.test=${failure.code}`)
      expect(listed.items).toMatchObject([{ status: "error", reason: failure.message }])
      const [item] = listed.items
      expect((await api.call("DELETE", `/v1/sandboxes/${item?.id}`)).status).toBe(204)
      expect((await api.get(item?.id ?? "")).status).toBe("stopped")
    }
  })

  test("the text of an internal error of the host stays in the log", async () => {
    const { api, host } = harness
    host.injections.failNext("createSandbox", new PlatformError("internal", "path /secret/place"))
    const answer = await api.call("POST", "/v1/sandboxes")
    expect(answer.status).toBe(500)
    expect(answer.body).toEqual({ error: { code: "internal", message: "internal error" } })
    expect(harness.logLines.join("")).toContain("path /secret/place")
  })

  test("more than the host has is refused before anything is recorded", async () => {
    const { api } = harness
    await expect
      .poll(async () => (await api.call("POST", "/v1/sandboxes", { json: { vcpus: 5 } })).status)
      .toBe(400)
    const answer = await api.call("POST", "/v1/sandboxes", {
      json: { memory_mib: 8193, metadata: { big: "1" } },
    })
    expect([answer.status, errorOf(answer).message]).toEqual([400, "memory_mib is 8193, the host has 8192"])
    expect((await list(api, "metadata.big=1")).items).toEqual([])
  })

  test("lists are filtered, newest first, and paged without gap or repetition", async () => {
    const { api } = harness
    const ids: string[] = []
    for (let index = 0; index < 7; index++) {
      const metadata = { list: "x", parity: String(index % 2), "odd key&=": "v/1" }
      ids.unshift((await api.create({ metadata })).id)
    }
    await api.call("DELETE", `/v1/sandboxes/${ids[0]}`)
    const all = await list(api, "metadata.list=x")
    expect(all.items.map(({ id }) => id)).toEqual(ids)
    expect(all.next_cursor).toBeUndefined()
    expect((await list(api, "metadata.list=x&metadata.parity=1")).items).toHaveLength(3)
    expect((await list(api, "metadata.list=x&status=stopped")).items).toMatchObject([{ id: ids[0] }])
    expect((await list(api, "metadata.list=x&status=stopped&status=running")).items).toHaveLength(7)
    expect((await list(api, "metadata.list=x&template=other")).items).toEqual([])
    const odd = `${encodeURIComponent("metadata.odd key&=")}=${encodeURIComponent("v/1")}`
    expect((await list(api, odd)).items).toHaveLength(7)

    const paged: string[] = []
    let cursor = ""
    for (let page = 0; page < 10; page++) {
      const answer = await list(api, `metadata.list=x&limit=3${cursor}`)
      paged.push(...answer.items.map(({ id }) => id))
      if (answer.next_cursor === undefined) break
      cursor = `&cursor=${answer.next_cursor}`
    }
    expect(paged).toEqual(ids)
  })

  test("a client that goes away does not stop its create", async () => {
    const { api, host } = harness
    const held = host.injections.holdNext("createSandbox")
    const aborter = new AbortController()
    const gone = fetch(`${api.url}/v1/sandboxes`, {
      method: "POST",
      headers: { "x-api-key": "thaw_0123456789abcdefghijklmnopqrstuv", "content-type": "application/json" },
      body: JSON.stringify({ metadata: { gone: "1" } }),
      signal: aborter.signal,
    })
    await held.arrived
    aborter.abort()
    await expect(gone).rejects.toThrow("aborted")
    held.release()
    await expect
      .poll(async () => (await list(api, "metadata.gone=1")).items.map(({ status }) => status))
      .toEqual(["running"])
  })

  test("a delete while the create is under way ends with nothing on the host", async () => {
    const { api, host } = harness
    const held = host.injections.holdNext("createSandbox")
    const creating = api.call("POST", "/v1/sandboxes", { json: { metadata: { race: "1" } } })
    await held.arrived
    const [item] = (await list(api, "metadata.race=1")).items
    expect(item?.status).toBe("starting")
    expect((await api.call("DELETE", `/v1/sandboxes/${item?.id}`)).status).toBe(204)
    held.release()
    const answer = await creating
    expect([answer.status, errorOf(answer).code]).toEqual([409, "wrong_state"])
    expect(host.sandboxes.find(item?.id ?? "")).toBeUndefined()
    expect((await api.get(item?.id ?? "")).status).toBe("stopped")
  })

  test("deletes at the same time all succeed", async () => {
    const { api } = harness
    const { id } = await api.create()
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => api.call("DELETE", `/v1/sandboxes/${id}`)),
    )
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 204))
    expect((await api.get(id)).status).toBe("stopped")
  })

  test("many creates at the same time all run", async () => {
    const created = await Promise.all(Array.from({ length: 20 }, () => harness.api.create()))
    expect(new Set(created.map(({ id }) => id)).size).toBe(20)
  })

  test("health and readiness need no key", async () => {
    for (const path of ["/healthz", "/readyz"]) {
      const response = await fetch(harness.url + path)
      expect([path, response.status]).toEqual([path, 200])
      await response.text()
    }
    expect((await fetch(`${harness.url}/healthz`, { method: "HEAD" })).status).toBe(200)
  })
})

async function list(api: ApiClient, query: string) {
  const answer = await api.call("GET", `/v1/sandboxes?${query}`)
  expect([query, answer.status]).toEqual([query, 200])
  return ListSandboxesResponseSchema.parse(answer.body)
}
