import { PlatformError } from "@thaw/model"
import { afterAll, beforeAll, expect, test } from "vitest"

import { describeOnEachDatabase } from "./_databases.ts"
import { ExecClient } from "./_exec-client.ts"
import { Harness } from "./_harness.ts"

const MIB = 1024 * 1024

describeOnEachDatabase("exec stream", (source) => {
  let harness: Harness
  let id = ""
  beforeAll(async () => {
    harness = await Harness.start(await source.createDatabase())
    id = (await harness.api.create()).id
  })
  afterAll(async () => {
    await harness[Symbol.asyncDispose]()
  })

  const open = () => new ExecClient(harness.url, id).opened()
  const lastExec = () => harness.host.execs.at(-1)

  test("a command's life is told from its start to its exit", async () => {
    using client = await open()
    client.send({ type: "start", cmd: "echo", args: ["hi"] })
    expect(await client.end()).toMatchObject([
      { type: "started", pid: 4711 },
      { type: "stdout", data: Buffer.from("hi\n").toString("base64") },
      { type: "exit", exit_code: 0, timed_out: false },
    ])
    expect(client.closeCode).toBe(1000)
  })

  test("stderr is apart, and bytes survive", async () => {
    using errors = await open()
    errors.send({ type: "start", cmd: "err", args: ["x"] })
    expect(await errors.end()).toMatchObject([{}, { type: "stderr" }, { type: "exit" }])
    using bytes = await open()
    bytes.send({ type: "start", cmd: "bytes", args: ["00ff80"] })
    await bytes.end()
    expect(Buffer.from(bytes.stdout(), "latin1").toString("hex")).toBe("00ff80")
  })

  test("stdin goes in until it is closed", async () => {
    using client = await open()
    client.send({ type: "start", cmd: "cat", stdin: true })
    client.sendStdin("one ")
    client.sendStdin("two")
    client.send({ type: "close_stdin" })
    await client.end()
    expect(client.stdout()).toBe("one two")
    using without = await open()
    without.send({ type: "start", cmd: "cat" })
    expect(await without.end()).toMatchObject([{ type: "started" }, { type: "exit" }])
  })

  test("signals go by name or number", async () => {
    for (const signal of ["SIGINT", 2] as const) {
      using client = await open()
      client.send({ type: "start", cmd: "sleep", args: ["60"] })
      await expect.poll(() => client.messages.length).toBe(2)
      client.send({ type: "signal", signal })
      expect((await client.end()).at(-1)).toMatchObject({ type: "exit", exit_code: 130, signal: 2 })
    }
  })

  test("a terminal has a size and is resized", async () => {
    using client = await open()
    client.send({ type: "start", cmd: "winsize", pty: { cols: 80, rows: 24 } })
    await expect.poll(() => client.stdout()).toBe("80x24\n")
    client.send({ type: "resize", cols: 100, rows: 30 })
    await expect.poll(() => client.stdout()).toBe("80x24\n100x30\n")
  })

  test("a timeout is told in the exit", async () => {
    using client = await open()
    client.send({ type: "start", cmd: "sleep", args: ["60"], timeout_sec: 1 })
    expect((await client.end()).at(-1)).toMatchObject({ type: "exit", timed_out: true, exit_code: 137 })
  })

  test.each([
    ["not JSON", "{"],
    ["no start", JSON.stringify({ type: "close_stdin" })],
    ["an unknown type", JSON.stringify({ type: "nothing" })],
    ["an unknown field", JSON.stringify({ type: "start", cmd: "echo", nothing: 1 })],
    ["no command", JSON.stringify({ type: "start" })],
  ])("a first message that is %s ends in a named error", async (_name, text) => {
    using client = await open()
    client.socket.send(text)
    expect(await client.end()).toMatchObject([{ type: "error", error: { code: "invalid_argument" } }])
    expect(client.closeCode).toBe(1008)
  })

  test.each([
    ["a second start", { type: "start", cmd: "echo" }],
    ["a signal that is none", { type: "signal", signal: "SIGNOTHING" }],
    ["a size of 0", { type: "resize", cols: 0, rows: 1 }],
    ["stdin that is no base64", { type: "stdin", data: "%" }],
  ])("%s kills the command and ends in a named error", async (_name, message) => {
    using client = await open()
    client.send({ type: "start", cmd: "sleep", args: ["60"], stdin: true })
    await expect.poll(() => client.messages.length).toBe(2)
    client.socket.send(JSON.stringify(message))
    expect((await client.end()).at(-1)).toMatchObject({ type: "error", error: { code: "invalid_argument" } })
    await expect.poll(() => lastExec()?.exit?.signal).toBe(9)
  })

  test("binary and oversized messages are refused", async () => {
    using binary = await open()
    binary.socket.send(Buffer.from("{}"))
    expect(await binary.end()).toMatchObject([{ type: "error", error: { code: "invalid_argument" } }])
    using large = await open()
    large.socket.send("x".repeat(2 * MIB))
    expect(await large.end()).toMatchObject([{ type: "error", error: { code: "payload_too_large" } }])
    expect(large.closeCode).toBe(1009)
    using huge = await open()
    huge.socket.send("x".repeat(5 * MIB))
    await huge.end()
    expect(huge.closeCode).toBe(1009)
    expect(harness.logLines.filter((line) => line.includes('"level":50'))).toEqual([])
  })

  test("input that comes after the exit does not hold up the end", async () => {
    using client = await open()
    client.socket.on("message", () => {
      for (let sent = 0; sent < 10; sent++) client.sendStdin("late")
    })
    client.send({ type: "start", cmd: "echo", stdin: true })
    const startedMs = performance.now()
    expect((await client.end()).at(-1)).toMatchObject({ type: "exit" })
    expect(performance.now() - startedMs).toBeLessThan(5_000)
  })

  test("errors of the host agent come with their code; an internal one without its text", async () => {
    using unknown = await open()
    unknown.send({ type: "start", cmd: "nothing" })
    expect((await unknown.end()).at(-1)).toMatchObject({ type: "error", error: { code: "not_found" } })
    harness.host.injections.failNext("execStream", new PlatformError("internal", "stack"))
    using internal = await open()
    internal.send({ type: "start", cmd: "echo" })
    expect(await internal.end()).toEqual([
      { type: "error", error: { code: "internal", message: "internal error" } },
    ])
  })

  test("a client that goes away kills its command, unless it said otherwise", async () => {
    const killed = await open()
    killed.send({ type: "start", cmd: "sleep", args: ["60"] })
    await expect.poll(() => killed.messages.length).toBe(2)
    killed.socket.terminate()
    await expect.poll(() => lastExec()?.exit?.signal).toBe(9)
    const kept = await open()
    kept.send({ type: "start", cmd: "sleep", args: ["60"], kill_on_disconnect: false })
    await expect.poll(() => kept.messages.length).toBe(2)
    const exec = lastExec()
    kept.socket.terminate()
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(exec?.exit).toBeUndefined()
    exec?.kill(15)
  })

  test("a client that does not read slows the command and fills no memory", async () => {
    using client = await open()
    client.send({ type: "start", cmd: "yes" })
    await expect.poll(() => client.receivedBytes).toBeGreaterThan(MIB)
    client.socket.pause()
    await new Promise((resolve) => setTimeout(resolve, 500))
    const exec = lastExec()
    const producedBytes = exec?.outputBytes ?? 0
    const rssBytes = process.memoryUsage().rss
    await new Promise((resolve) => setTimeout(resolve, 1500))
    // Nothing moves any more: what is on its way fits into the buffers of sockets and streams.
    expect((exec?.outputBytes ?? 0) - producedBytes).toBeLessThan(MIB)
    expect(process.memoryUsage().rss - rssBytes).toBeLessThan(32 * MIB)
    const receivedBytes = client.receivedBytes
    client.socket.resume()
    await expect.poll(() => client.receivedBytes - receivedBytes, { timeout: 5000 }).toBeGreaterThan(8 * MIB)
    client.send({ type: "signal", signal: "SIGTERM" })
    expect((await client.end()).at(-1)).toMatchObject({ type: "exit", signal: 15 })
  })

  test("a command that does not read its stdin stops the client and fills no memory", async () => {
    using client = await open()
    client.send({ type: "start", cmd: "sleep", args: ["60"], stdin: true })
    await expect.poll(() => client.messages.length).toBe(2)
    const chunk = "x".repeat(256 * 1024)
    for (let sent = 0; sent < 64; sent++) client.sendStdin(chunk)
    await new Promise((resolve) => setTimeout(resolve, 1000))
    // 16 MiB were sent; the host has been given little, and the rest waits at the client.
    expect(lastExec()?.stdinBytes).toBeLessThan(2 * MIB)
    expect(client.socket.bufferedAmount).toBeGreaterThan(8 * MIB)
  })
})
