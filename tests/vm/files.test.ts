import { afterAll, beforeAll, describe, expect, it } from "vitest"

import { startTestPlatform, type TestPlatform } from "./_platform.ts"

interface EntryJson {
  readonly path: string
  readonly type: string
  readonly mode: string | number
  readonly owner: string
  readonly size: number
  readonly symlink_target?: string
}

let platform: TestPlatform
let id = ""
beforeAll(async () => {
  platform = await startTestPlatform()
  ;({ id } = await platform.api.create({ timeout_sec: 0 }))
})
afterAll(async () => await platform[Symbol.asyncDispose]())

async function files<T>(operation: string, body: Record<string, unknown>): Promise<T> {
  return await platform.api.json("POST", `/v1/sandboxes/${id}/files/${operation}`, body)
}

async function upload(parts: readonly (readonly [string, string | Blob])[]): Promise<Response> {
  const form = new FormData()
  for (const [name, value] of parts) form.append(name, value)
  return await platform.api.fetch("POST", `/v1/sandboxes/${id}/files/write`, form)
}

async function download(
  body: Record<string, unknown>,
  headers: Record<string, string> = {},
): Promise<Response> {
  return await platform.api.fetch("POST", `/v1/sandboxes/${id}/files/read`, JSON.stringify(body), {
    "content-type": "application/json",
    ...headers,
  })
}

describe("files/write", () => {
  it("takes path and file in either order, several at once, with parents, mode and owner", async () => {
    const response = await upload([
      ["file", new Blob(["first"])],
      ["path", "/home/user/new/deep/one"],
      ["mode", "0755"],
      ["path", "two"],
      ["file", new Blob(["second"])],
    ])
    expect(response.status, await response.clone().text()).toBe(200)
    expect(await platform.api.shell(id, "cat ~/new/deep/one ~/two; stat -c '%U %a' ~/two")).toMatch(
      /^firstseconduser 755\n$/,
    )
  })

  it("is refused where the user may not write, and by root is not", async () => {
    expect(
      (
        await upload([
          ["path", "/root/x"],
          ["file", new Blob(["x"])],
        ])
      ).status,
    ).toBe(403)
    expect(
      (
        await upload([
          ["user", "root"],
          ["path", "/root/x"],
          ["file", new Blob(["x"])],
        ])
      ).status,
    ).toBe(200)
  })

  it("replaces a file as a whole", async () => {
    await upload([
      ["path", "/tmp/atomic"],
      ["file", new Blob(["old"])],
    ])
    await platform.api.shell(
      id,
      "exec 3</tmp/atomic; echo $$ > /tmp/reader; (sleep 3; cat <&3 > /tmp/seen) >/dev/null 2>&1 &",
    )
    await upload([
      ["path", "/tmp/atomic"],
      ["file", new Blob(["new and longer"])],
    ])
    expect(
      await platform.api.shell(id, "sleep 4; cat /tmp/seen /tmp/atomic; ls -a /tmp | grep -c thaw || true"),
    ).toBe("oldnew and longer0\n")
  })

  it("names a full disk", { timeout: 300_000 }, async () => {
    await platform.api.shell(
      id,
      "sudo mkdir -p /mnt/small && sudo mount -t tmpfs -o size=1m,mode=777 tmpfs /mnt/small",
    )
    const response = await upload([
      ["path", "/mnt/small/big"],
      ["file", new Blob([new Uint8Array(4 * 1024 * 1024)])],
    ])
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ error: { code: "capacity_exhausted" } })
    expect(await platform.api.shell(id, "ls -A /mnt/small | wc -l")).toBe("0\n")
  })
})

describe("files/read", () => {
  it("honours a range and reads files of unknown size", async () => {
    await upload([
      ["path", "/tmp/digits"],
      ["file", new Blob(["0123456789"])],
    ])
    const part = await download({ path: "/tmp/digits" }, { range: "bytes=2-5" })
    expect(part.status).toBe(206)
    expect(part.headers.get("content-range")).toBe("bytes 2-5/10")
    expect(await part.text()).toBe("2345")
    expect(await (await download({ path: "/proc/version" })).text()).toContain("Linux version")
  })

  it.each([
    ["a missing file", { path: "/absent" }, 404],
    ["a directory", { path: "/etc" }, 400],
    ["another user's file", { path: "/etc/shadow" }, 403],
  ])("names %s", async (_name, body, status) => {
    expect((await download(body)).status).toBe(status)
  })
})

describe("files/list, stat, mkdir, move and remove", () => {
  it("work on a tree", async () => {
    const { entry: made } = await files<{ entry: EntryJson }>("mkdir", { path: "tree/a/b", parents: true })
    expect(made).toMatchObject({ path: "/home/user/tree/a/b", type: "directory", owner: "user" })
    await platform.api.shell(id, "cd ~/tree && echo x > a/file && ln -s a/file link")
    const { entries } = await files<{ entries: EntryJson[] }>("list", { path: "tree" })
    expect(entries.map(({ path, type }) => [path, type])).toEqual([
      ["/home/user/tree/a", "directory"],
      ["/home/user/tree/link", "symlink"],
    ])
    const stat = { path: "tree/link", follow_symlink: false }
    expect(await files("stat", stat)).toMatchObject({ entry: { type: "symlink", symlink_target: "a/file" } })
    await files("move", { from: "tree/a/file", to: "tree/a/moved" })
    expect(await platform.api.shell(id, "cat ~/tree/a/moved")).toBe("x\n")
    await expect(files("remove", { path: "tree" })).rejects.toMatchObject({ status: 400 })
    await files("remove", { path: "tree", recursive: true })
    await expect(files("stat", { path: "tree" })).rejects.toMatchObject({ status: 404 })
  })
})

describe("an upload that breaks off", () => {
  it("leaves the old file and nothing else, whoever goes away", { timeout: 60_000 }, async () => {
    const { api, controlPlane } = platform
    await upload([
      ["path", "/tmp/kept/file"],
      ["file", new Blob(["old"])],
    ])
    for (const breakOff of ["client", "control plane"] as const) {
      const aborter = new AbortController()
      const uploading = uploadForEver("/tmp/kept/file", aborter.signal).catch(() => undefined)
      await untilShell("ls -A /tmp/kept | wc -l", "2\n")
      if (breakOff === "client") aborter.abort()
      else await controlPlane.kill9()
      await uploading
      aborter.abort()
      if (!controlPlane.isRunning) controlPlane.start()
      await platform.ready()
      await untilShell("ls -A /tmp/kept; cat /tmp/kept/file", "file\nold")
    }
    expect(await api.shell(id, "cat /tmp/kept/file")).toBe("old")
  })
})

/** An upload that sends a part of a file and then nothing more */
async function uploadForEver(path: string, signal: AbortSignal): Promise<void> {
  const encoder = new TextEncoder()
  const head = [
    `--b\r\ncontent-disposition: form-data; name="path"\r\n\r\n${path}\r\n`,
    `--b\r\ncontent-disposition: form-data; name="file"; filename="x"\r\n\r\n`,
  ].join("")
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encoder.encode(head))
      controller.enqueue(new Uint8Array(1024 * 1024))
    },
  })
  const response = await fetch(`${platform.url}/v1/sandboxes/${id}/files/write`, {
    method: "POST",
    headers: { "x-api-key": platform.apiKey, "content-type": "multipart/form-data; boundary=b" },
    body,
    duplex: "half",
    signal,
  })
  await response.text()
}

async function untilShell(text: string, expected: string): Promise<void> {
  await expect
    .poll(async () => await platform.api.shell(id, text), { timeout: 15_000, interval: 100 })
    .toBe(expected)
}
