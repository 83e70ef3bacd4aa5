import { buffer } from "node:stream/consumers"

import { FileResponseSchema, ListFilesResponseSchema, WriteFilesResponseSchema } from "@thaw/api"
import { PlatformError } from "@thaw/model"
import { ThawClient } from "@thaw/sdk"
import { afterAll, beforeAll, expect, test } from "vitest"

import { errorOf } from "./_api-client.ts"
import { describeOnEachDatabase } from "./_databases.ts"
import { API_KEY, Harness } from "./_harness.ts"

describeOnEachDatabase("files", (source) => {
  let harness: Harness
  let id = ""
  beforeAll(async () => {
    harness = await Harness.start(await source.createDatabase())
    id = (await harness.api.create()).id
  })
  afterAll(async () => {
    await harness[Symbol.asyncDispose]()
  })

  const post = (operation: string, json: unknown, headers: Record<string, string> = {}) =>
    harness.api.call("POST", `/v1/sandboxes/${id}/files/${operation}`, { json, headers })
  const write = async (fields: readonly (readonly [string, string | Blob])[]) => {
    const body = new FormData()
    for (const [name, value] of fields) {
      if (typeof value === "string") body.append(name, value)
      else body.append(name, value, "upload.bin")
    }
    return await harness.api.call("POST", `/v1/sandboxes/${id}/files/write`, { body })
  }
  const file = (content: string) => new Blob([content])
  const read = async (path: string) => (await post("read", { path })).text

  test.each([
    [
      "path first",
      [
        ["path", "/tmp/a"],
        ["file", file("A")],
      ],
    ],
    [
      "file first",
      [
        ["file", file("A")],
        ["path", "/tmp/a"],
      ],
    ],
    [
      "pairs in turn",
      [
        ["path", "/tmp/a"],
        ["file", file("A")],
        ["path", "/tmp/b"],
        ["file", file("B")],
      ],
    ],
    [
      "pairs in either order",
      [
        ["file", file("A")],
        ["path", "/tmp/a"],
        ["path", "/tmp/b"],
        ["file", file("B")],
      ],
    ],
    [
      "paths, then files",
      [
        ["path", "/tmp/a"],
        ["path", "/tmp/b"],
        ["file", file("A")],
        ["file", file("B")],
      ],
    ],
    [
      "files, then paths",
      [
        ["file", file("A")],
        ["file", file("B")],
        ["path", "/tmp/a"],
        ["path", "/tmp/b"],
      ],
    ],
  ] as const)("an upload with %s", async (_name, fields) => {
    const answer = await write(fields)
    expect([answer.status, answer.text]).toEqual([200, expect.anything()])
    const { entries } = WriteFilesResponseSchema.parse(answer.body)
    const wanted = fields.length === 2 ? ["/tmp/a"] : ["/tmp/a", "/tmp/b"]
    expect(entries.map(({ path }) => path)).toEqual(wanted)
    const contents = await Promise.all(wanted.map(read))
    expect(contents).toEqual(["A", "B"].slice(0, wanted.length))
  })

  test("user and mode hold from where they stand until they are given again", async () => {
    const answer = await write([
      ["mode", "0755"],
      ["path", "/tmp/m1"],
      ["file", file("1")],
      ["file", file("2")],
      ["user", "root"],
      ["mode", "600"],
      ["path", "/tmp/m2"],
      ["user", ""],
      ["mode", ""],
      ["path", "/tmp/m3"],
      ["file", file("")],
    ])
    expect(WriteFilesResponseSchema.parse(answer.body).entries).toMatchObject([
      { path: "/tmp/m1", mode: "0755", owner: "user", size: 1 },
      { path: "/tmp/m2", mode: "0600", owner: "root", size: 1 },
      { path: "/tmp/m3", mode: "0644", owner: "user", size: 0 },
    ])
  })

  test("a mode that comes too late, and halves without their other half, are mistakes", async () => {
    const late = await write([
      ["path", "/tmp/x"],
      ["file", file("x")],
      ["mode", "0600"],
    ])
    expect([late.status, errorOf(late).code]).toEqual([400, "invalid_argument"])
    expect(errorOf(late).details?.["written"]).toMatchObject([{ path: "/tmp/x", mode: "0644" }])
    const lonely = await write([
      ["path", "/tmp/x"],
      ["file", file("x")],
      ["path", "/tmp/y"],
    ])
    expect(errorOf(lonely).message).toContain('"/tmp/y"')
    expect((await write([["file", file("x")]])).status).toBe(400)
    expect(
      (
        await write([
          ["path", "a"],
          ["file", file("x")],
          ["mode", "rwx"],
        ])
      ).status,
    ).toBe(400)
    expect(
      (
        await write([
          ["path", "a"],
          ["upload", file("x")],
        ])
      ).status,
    ).toBe(400)
  })

  test("at most 64 files go into one form", async () => {
    const pairs = (count: number) =>
      Array.from(
        { length: count },
        (_, index) =>
          [
            ["path", `/tmp/n${index}`],
            ["file", file("x")],
          ] as const,
      ).flat()
    expect((await write(pairs(64))).status).toBe(200)
    expect(errorOf(await write(pairs(65))).code).toBe("payload_too_large")
  })

  test("what the guest refuses is answered, whichever half comes first", async () => {
    for (const fields of [
      [
        ["path", "/root/x"],
        ["file", file("x".repeat(300_000))],
      ],
      [
        ["file", file("x".repeat(300_000))],
        ["path", "/root/x"],
      ],
    ] as const) {
      const answer = await write(fields)
      expect([answer.status, errorOf(answer).code]).toEqual([403, "permission_denied"])
    }
  })

  test("a file is downloaded as it is", async () => {
    const response = await harness.api.fetch("POST", `/v1/sandboxes/${id}/files/read`, {
      json: { path: "/sim/large/300000" },
    })
    expect(response.status).toBe(200)
    expect(response.headers.get("content-type")).toBe("application/octet-stream")
    expect(response.headers.get("content-length")).toBeNull()
    const bytes = new Uint8Array(await response.arrayBuffer())
    expect(bytes.length).toBe(300_000)
    expect(bytes.every((byte, index) => byte === index % 251)).toBe(true)
  })

  test("a file that says it is empty and is not comes whole", async () => {
    expect((await read("/sim/proc")).length).toBe(42)
    await write([
      ["path", "/tmp/empty"],
      ["file", file("")],
    ])
    expect(await read("/tmp/empty")).toBe("")
  })

  test.each([
    ["bytes=0-9", 0, 10],
    ["bytes=100-", 100, 900],
    ["bytes=990-5000", 990, 10],
    ["bytes=-7", 993, 7],
    ["bytes=-5000", 0, 1000],
    ["bytes=999-999", 999, 1],
  ])("the range %s", async (range, offset, length) => {
    const answer = await harness.api.fetch("POST", `/v1/sandboxes/${id}/files/read`, {
      json: { path: "/sim/large/1000" },
      headers: { range },
    })
    expect(answer.status).toBe(206)
    expect(answer.headers.get("content-range")).toBe(`bytes ${offset}-${offset + length - 1}/1000`)
    expect(answer.headers.get("content-length")).toBe(String(length))
    const bytes = new Uint8Array(await answer.arrayBuffer())
    expect(bytes).toEqual(Uint8Array.from({ length }, (_, index) => (offset + index) % 251))
  })

  test("the SDK reads a range of nothing as nothing, and of a missing file not at all", async () => {
    const files = new ThawClient({ url: harness.url, apiKey: API_KEY }).files(id)
    const range = (offsetBytes: number, lengthBytes: number) => ({ range: { offsetBytes, lengthBytes } })
    expect(await buffer(await files.read("/sim/large/1000", range(5, 0)))).toHaveLength(0)
    expect(await buffer(await files.read("/sim/large/1000", range(5, 2)))).toEqual(Buffer.from([5, 6]))
    await expect(files.read("/nothing", range(0, 0))).rejects.toMatchObject({ code: "not_found" })
  })

  test("a client that leaves before the first byte ends the read on the host", async () => {
    const held = harness.host.injections.holdNext("readFileStream")
    const aborter = new AbortController()
    const files = new ThawClient({ url: harness.url, apiKey: API_KEY }).files(id)
    const reading = files.read("/sim/large/1000", { signal: aborter.signal })
    await held.arrived
    aborter.abort()
    await expect(reading).rejects.toMatchObject({ code: "canceled" })
    await held.canceled
    held.release()
  })

  test("a range of nothing is 416, and what is no single range is the whole", async () => {
    for (const range of ["bytes=1000-", "bytes=5000-6000", "bytes=-0"]) {
      const answer = await post("read", { path: "/sim/large/1000" }, { range })
      expect([range, answer.status, errorOf(answer).code]).toEqual([range, 416, "range_not_satisfiable"])
      expect(answer.headers.get("content-range")).toBe("bytes */1000")
    }
    for (const range of ["bytes=0-1,5-6", "lines=1-2", "bytes=5-1", "bytes=", "nonsense"]) {
      expect([range, (await post("read", { path: "/sim/large/1000" }, { range })).status]).toEqual([
        range,
        200,
      ])
    }
    const unknown = await post("read", { path: "/nothing" }, { range: "bytes=0-1" })
    expect(errorOf(unknown).code).toBe("not_found")
  })

  test.each([
    ["a failure after the first bytes", "/sim/break/500000", {}],
    ["a file shorter than its range", "/sim/short/500000", { range: "bytes=0-499999" }],
  ])("%s resets the connection", async (_name, path, headers) => {
    const response = await harness.api.fetch("POST", `/v1/sandboxes/${id}/files/read`, {
      json: { path },
      headers,
    })
    expect(response.ok).toBe(true)
    await expect(response.arrayBuffer()).rejects.toThrow("terminated")
  })

  test("a failure before the first byte is an error answer", async () => {
    const answer = await post("read", { path: "/sim/break/0" })
    expect([answer.status, errorOf(answer).code]).toEqual([500, "internal"])
    harness.host.injections.failNext("readFileStream", new PlatformError("permission_denied", "not yours"))
    expect((await post("read", { path: "/sim/proc" })).status).toBe(403)
  })

  test("directories are made, listed, moved and removed", async () => {
    const made = FileResponseSchema.parse((await post("mkdir", { path: "/tmp/d", mode: "0700" })).body)
    expect(made.entry).toMatchObject({ path: "/tmp/d", type: "directory", mode: "0700" })
    expect((await post("mkdir", { path: "/tmp/d", parents: true })).status).toBe(200)
    await write([
      ["path", "/tmp/d/b"],
      ["file", file("b")],
      ["path", "/tmp/d/a"],
      ["file", file("a")],
    ])
    const listed = ListFilesResponseSchema.parse((await post("list", { path: "/tmp/d" })).body)
    expect(listed.entries.map(({ path }) => path)).toEqual(["/tmp/d/a", "/tmp/d/b"])
    const moved = FileResponseSchema.parse((await post("move", { from: "/tmp/d/a", to: "/tmp/d/c" })).body)
    expect(moved.entry.path).toBe("/tmp/d/c")
    expect((await post("move", { from: "/tmp/d/c", to: "/tmp/d/b" })).status).toBe(409)
    expect((await post("move", { from: "/tmp/d/c", to: "/tmp/d/b", overwrite: true })).status).toBe(200)
    expect((await post("remove", { path: "/tmp/d" })).status).toBe(400)
    const removed = await post("remove", { path: "/tmp/d", recursive: true })
    expect([removed.status, removed.body]).toEqual([200, {}])
    expect((await post("stat", { path: "/tmp/d/b" })).status).toBe(404)
  })

  test("a name that is not UTF-8 goes both ways in base64", async () => {
    const path = Buffer.from([0x2f, 0x74, 0x6d, 0x70, 0x2f, 0xff]).toString("base64")
    const made = FileResponseSchema.parse((await post("mkdir", { path, path_encoding: "base64" })).body)
    expect(made.entry).toMatchObject({ path, path_encoding: "base64" })
    const stat = await post("stat", { path, path_encoding: "base64" })
    expect(FileResponseSchema.parse(stat.body).entry.type).toBe("directory")
    expect((await post("remove", { path, path_encoding: "base64", recursive: true })).status).toBe(200)
  })
})
