import { ExecResponseSchema } from "@thaw/api"
import { PlatformError } from "@thaw/model"
import { afterAll, beforeAll, expect, test } from "vitest"

import { errorOf } from "./_api-client.ts"
import { describeOnEachDatabase } from "./_databases.ts"
import { API_KEY, Harness } from "./_harness.ts"

describeOnEachDatabase("exec", (source) => {
  let harness: Harness
  let path = ""
  beforeAll(async () => {
    harness = await Harness.start(await source.createDatabase())
    path = `/v1/sandboxes/${(await harness.api.create({ envs: { FROM: "create" } })).id}/exec`
  })
  afterAll(async () => {
    await harness[Symbol.asyncDispose]()
  })

  const exec = async (json: Record<string, unknown>) => {
    const answer = await harness.api.call("POST", path, { json })
    expect([json, answer.status]).toEqual([json, 200])
    return ExecResponseSchema.parse(answer.body)
  }

  test("output and exit code come back; a code that is not 0 is no error", async () => {
    expect(await exec({ cmd: "echo", args: ["a", "ü"] })).toMatchObject({
      exit_code: 0,
      stdout: "a ü\n",
      stderr: "",
      encoding: { stdout: "utf-8", stderr: "utf-8" },
    })
    expect(await exec({ cmd: "err", args: ["x"] })).toMatchObject({ stdout: "", stderr: "x\n" })
    expect(await exec({ cmd: "exit", args: ["3"] })).toMatchObject({ exit_code: 3 })
  })

  test("a stream that is not UTF-8 comes in base64, each on its own", async () => {
    expect(await exec({ cmd: "bytes", args: ["61ff00fe"] })).toMatchObject({
      stdout: Buffer.from([0x61, 0xff, 0x00, 0xfe]).toString("base64"),
      encoding: { stdout: "base64", stderr: "utf-8" },
    })
    expect(await exec({ cmd: "bytes", args: ["6100"] })).toMatchObject({ stdout: "a\0" })
  })

  test("stdin is text or base64", async () => {
    expect(await exec({ cmd: "cat", stdin: "ä\0b" })).toMatchObject({ stdout: "ä\0b" })
    const bytes = Buffer.from([0xff, 1]).toString("base64")
    expect(await exec({ cmd: "cat", stdin: bytes, stdin_encoding: "base64" })).toMatchObject({
      stdout: bytes,
    })
    expect(await exec({ cmd: "cat" })).toMatchObject({ stdout: "" })
  })

  test("4 MiB of stdin come back as 4 MiB of stdout", async () => {
    const stdin = "x".repeat(4 * 1024 * 1024)
    const { stdout, truncated } = await exec({ cmd: "cat", stdin })
    expect([stdout === stdin, truncated]).toEqual([true, undefined])
  })

  test("the environment is the sandbox's and the command's", async () => {
    expect(await exec({ cmd: "env", args: ["FROM"] })).toMatchObject({ stdout: "create\n" })
    expect(await exec({ cmd: "env", args: ["FROM"], envs: { FROM: "exec" } })).toMatchObject({
      stdout: "exec\n",
    })
  })

  test("a timeout answers 504 with the output so far", async () => {
    const answer = await harness.api.call("POST", path, {
      json: { cmd: "sleep", args: ["60"], timeout_sec: 1 },
    })
    expect(answer.status).toBe(504)
    expect(errorOf(answer)).toMatchObject({
      code: "deadline_exceeded",
      details: { stdout: "asleep\n", stderr: "", encoding: { stdout: "utf-8", stderr: "utf-8" } },
    })
  })

  test("endless output is cut off, and said to be", async () => {
    const answer = await harness.api.call("POST", path, { json: { cmd: "yes", timeout_sec: 1 } })
    const { details } = errorOf(answer)
    expect(details).toMatchObject({ truncated: { stdout: true, stderr: false } })
    expect(String(details?.["stdout"])).toHaveLength(4 * 1024 * 1024)
  })

  test("errors of the host agent keep their code", async () => {
    const failures = [
      [new PlatformError("permission_denied", "not for you"), 403],
      [new PlatformError("unavailable", "the guest agent does not answer"), 503],
      [new PlatformError("internal", "a stack trace"), 500],
    ] as const
    for (const [failure, status] of failures) {
      harness.host.injections.failNext("exec", failure)
      const answer = await harness.api.call("POST", path, { json: { cmd: "echo" } })
      expect([answer.status, errorOf(answer).code]).toEqual([status, failure.code])
      expect(answer.text).not.toContain("stack trace")
    }
  })

  test("a client that goes away ends the call", async () => {
    const aborter = new AbortController()
    const before = harness.host.execs.length
    const gone = fetch(harness.url + path, {
      method: "POST",
      headers: { "x-api-key": API_KEY, "content-type": "application/json" },
      body: JSON.stringify({ cmd: "sleep", args: ["1"] }),
      signal: aborter.signal,
    })
    await expect.poll(() => harness.host.execs.length).toBe(before + 1)
    aborter.abort()
    await expect(gone).rejects.toThrow("aborted")
  })
})
