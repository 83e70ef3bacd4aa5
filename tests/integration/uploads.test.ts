import { createHash, randomBytes } from "node:crypto"
import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

import { afterAll, beforeAll, expect, test } from "vitest"

import { describeOnEachDatabase } from "./_databases.ts"
import { API_KEY, Harness } from "./_harness.ts"
import { formBytes, upload } from "./_multipart.ts"

const MIB = 1024 * 1024

describeOnEachDatabase("uploads", (source) => {
  let harness: Harness
  let id = ""
  beforeAll(async () => {
    harness = await Harness.start(await source.createDatabase())
    id = (await harness.api.create()).id
  })
  afterAll(async () => {
    await harness[Symbol.asyncDispose]()
  })

  const url = () => `${harness.url}/v1/sandboxes/${id}/files/write`
  const described = (path: string) => harness.host.sandboxes.find(id)?.files.describe(path)
  const spooled = () => readdir(join(harness.env["THAW_DATA_DIR"] ?? "", "uploads"))

  test("large files come through whole, in either order, and leave nothing behind", async () => {
    const first = hashed(40 * MIB)
    const second = hashed(40 * MIB)
    const answer = await upload(
      url(),
      formBytes([
        { name: "path", value: "/tmp/first" },
        { name: "file", content: first.content() },
        { name: "file", content: second.content() },
        { name: "path", value: "/tmp/second" },
      ]),
    )
    expect([answer.status, answer.text]).toEqual([200, expect.any(String)])
    expect(described("/tmp/first")).toMatchObject({ sizeBytes: 40 * MIB, sha256: first.sha256() })
    expect(described("/tmp/second")).toMatchObject({ sizeBytes: 40 * MIB, sha256: second.sha256() })
    expect(await spooled()).toEqual([])
  })

  test.each(["path first", "file first"])("an upload that breaks off, %s, leaves no file", async (order) => {
    const path = `/tmp/broken-${order.replace(" ", "-")}`
    async function* breaking(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(MIB)
      await sleep(200)
      throw new Error("the client breaks off")
    }
    const file = { name: "file", content: breaking() }
    const parts =
      order === "path first" ? [{ name: "path", value: path }, file] : [file, { name: "path", value: path }]
    await expect(upload(url(), formBytes(parts))).rejects.toThrow()
    await sleep(300)
    expect(described(path)).toBeUndefined()
    expect(await spooled().catch(() => [])).toEqual([])
    // The control plane goes on.
    expect((await harness.api.get(id)).status).toBe("running")
  })

  test("a form that ends in the middle of a file is refused, and the file does not appear", async () => {
    async function* truncated(): AsyncGenerator<Uint8Array> {
      for await (const chunk of formBytes([
        { name: "path", value: "/tmp/truncated" },
        { name: "file", content: [Buffer.from("half")] },
      ])) {
        if (Buffer.from(chunk).includes("boundary--")) return
        yield chunk
      }
    }
    const answer = await upload(url(), truncated())
    expect(answer.status).toBe(400)
    expect(answer.text).toContain("invalid_argument")
    expect(described("/tmp/truncated")).toBeUndefined()
  })

  test("nothing that is logged of an upload holds the API key", () => {
    expect(harness.logLines.join("")).toContain("multipart parsing")
    expect(harness.logLines.join("")).not.toContain(API_KEY)
  })

  test("a refusal while the client still sends reaches the client", async () => {
    const large = hashed(20 * MIB)
    const answer = await upload(
      url(),
      formBytes([
        { name: "path", value: "/root/refused" },
        { name: "file", content: large.content() },
      ]),
    )
    expect(answer.status).toBe(403)
    expect(answer.text).toContain("permission_denied")
  })
})

/** Random content of a size, and its hash once it was read */
function hashed(sizeBytes: number): { content: () => Generator<Uint8Array>; sha256: () => string } {
  const hash = createHash("sha256")
  const block = randomBytes(64 * 1024)
  return {
    *content() {
      for (let sent = 0; sent < sizeBytes; sent += block.length) {
        block.writeUInt32LE(sent % 0xffff_ffff)
        hash.update(block)
        yield Buffer.from(block)
      }
    },
    sha256: () => hash.digest("hex"),
  }
}
