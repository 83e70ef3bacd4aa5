import { text } from "node:stream/consumers"

import { describe, expect, it } from "vitest"

import { openMultipartBody } from "./multipart.ts"

async function* bytes(...chunks: string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk)
}

describe("openMultipartBody()", () => {
  it("frames fields and files", async () => {
    const body = openMultipartBody(
      [
        { name: "path", text: "/tmp/ä b" },
        { name: "file", fileName: "b", content: bytes("one", "\r\ntwo") },
      ],
      "BOUNDARY",
    )
    expect(body.contentType).toBe("multipart/form-data; boundary=BOUNDARY")
    expect(await text(body.stream)).toBe(
      [
        "--BOUNDARY",
        'Content-Disposition: form-data; name="path"',
        "",
        "/tmp/ä b",
        "--BOUNDARY",
        'Content-Disposition: form-data; name="file"; filename="b"',
        "Content-Type: application/octet-stream",
        "",
        "one\r\ntwo",
        "--BOUNDARY--",
        "",
      ].join("\r\n"),
    )
  })

  it("lets no name break out of its header", async () => {
    const body = openMultipartBody([{ name: "file", fileName: 'a"\r\nX: y', content: bytes() }], "B")
    expect(await text(body.stream)).toContain('filename="a%22%0D%0AX: y"\r\n')
  })

  it("is read by an independent parser", async () => {
    const body = openMultipartBody([
      { name: "path", text: "/x" },
      { name: "file", fileName: "x", content: bytes("a".repeat(200_000), "b") },
    ])
    const form = await new Response(body.stream, { headers: { "content-type": body.contentType } }).formData()
    expect(form.get("path")).toBe("/x")
    const file = form.get("file")
    expect(file instanceof File && file.size).toBe(200_001)
  })

  it("asks a source for no more than it can pass on", async () => {
    let produced = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        produced += 1
        yield Buffer.alloc(64 * 1024)
      }
    }
    const body = openMultipartBody([{ name: "file", fileName: "x", content: endless() }])
    body.stream.read(1)
    await new Promise((resolve) => setImmediate(resolve))
    body.stream.destroy()
    expect(produced).toBeLessThan(10)
  })

  it("passes on the error of a source", async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("x")
      throw new Error("disk")
    }
    const body = openMultipartBody([{ name: "file", fileName: "x", content: broken() }])
    await expect(text(body.stream)).rejects.toThrow("disk")
  })
})
