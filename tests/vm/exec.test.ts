import { setTimeout as sleep } from "node:timers/promises"

import { afterAll, beforeAll, describe, expect, it } from "vitest"

import { ApiError } from "./_api.ts"
import { ExecStream } from "./_exec-stream.ts"
import { hostAgentOf } from "./_host-agent-client.ts"
import { startTestPlatform, type TestPlatform } from "./_platform.ts"

let platform: TestPlatform
let id = ""
beforeAll(async () => {
  platform = await startTestPlatform()
  ;({ id } = await platform.api.create({ timeout_sec: 0 }))
})
afterAll(async () => await platform[Symbol.asyncDispose]())

describe("exec", () => {
  it("gives output, exit code, user, directory and environment", async () => {
    const result = await platform.api.exec(id, "sh", ["-c", "pwd; id -un; echo $A; echo bad >&2; exit 7"], {
      cwd: "/tmp",
      user: "root",
      envs: { A: "ü b" },
    })
    expect(result).toMatchObject({ exit_code: 7, stdout: "/tmp\nroot\nü b\n", stderr: "bad\n" })
  })

  it("passes standard input", async () => {
    expect(await platform.api.exec(id, "wc", ["-c"], { stdin: "x".repeat(1_000_000) })).toMatchObject({
      stdout: "1000000\n",
    })
  })

  it("keeps output that is not UTF-8", async () => {
    const result = await platform.api.exec(id, "printf", ["\\377\\000\\xfe"])
    expect(result.encoding.stdout).toBe("base64")
    expect(Buffer.from(result.stdout, "base64")).toEqual(Buffer.from([0xff, 0, 0xfe]))
  })

  it("reports death by a signal as 128 and its number", async () => {
    expect(await platform.api.exec(id, "sh", ["-c", "kill -TERM $$"])).toMatchObject({ exit_code: 143 })
  })

  it("names a program, directory or user that is not there", async () => {
    await expect(platform.api.exec(id, "no-such-program")).rejects.toMatchObject({ status: 404 })
    await expect(platform.api.exec(id, "true", [], { cwd: "/absent" })).rejects.toMatchObject({ status: 404 })
    await expect(platform.api.exec(id, "true", [], { user: "nobody-here" })).rejects.toMatchObject({
      status: 404,
    })
  })

  it("ends the whole process group at the timeout and gives the output so far", async () => {
    const error = await platform.api
      .exec(id, "bash", ["-c", "echo early; sleep 1234 & sleep 1234"], { timeout_sec: 1 })
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ApiError)
    expect(error).toMatchObject({
      status: 504,
      body: { error: { code: "deadline_exceeded", details: { stdout: "early\n" } } },
    })
    expect(await platform.api.exec(id, "pgrep", ["-f", "sleep 1234"])).toMatchObject({ exit_code: 1 })
  })

  it("ends although a background child keeps the pipe open", async () => {
    const startedAt = performance.now()
    expect(await platform.api.exec(id, "bash", ["-c", "sleep 30 & echo done"])).toMatchObject({
      exit_code: 0,
      stdout: "done\n",
    })
    expect(performance.now() - startedAt).toBeLessThan(10_000)
    expect(await platform.api.exec(id, "pkill", ["-f", "sleep 30"])).toMatchObject({ exit_code: 0 })
  })

  it("cuts output at its limit and says so", async () => {
    const result = await platform.api.exec(id, "sh", ["-c", "yes | head -c 6000000"])
    expect(result.truncated?.stdout).toBe(true)
    expect(result.stdout.length).toBe(4 * 1024 * 1024)
  })

  it("survives what a command does short of ending the VM", async () => {
    await platform.api.exec(id, "sudo", ["bash", "-c", "kill -9 1; kill -9 -1; true"]).catch(() => undefined)
    await platform.api.exec(id, "sudo", [
      "bash",
      "-c",
      "rm -rf /run/thaw; pkill -9 guest-agent; mount -o remount,ro / ; true",
    ])
    expect(await platform.api.exec(id, "echo", ["alive"])).toMatchObject({ stdout: "alive\n" })
    await platform.api.exec(id, "sudo", ["mount", "-o", "remount,rw", "/"])
  })
})

describe("1,000 execs in a row", () => {
  it("leak no process, descriptor or thread", { timeout: 600_000 }, async () => {
    using agent = await hostAgentOf(platform)
    const footprint = async () =>
      await platform.api.shell(
        id,
        "sudo ls /proc/1/fd | wc -l; ls /proc/1/task | wc -l; ps -eo args | grep -vc '^\\['; ps -eo stat | grep -c ^Z || true",
      )
    await agent.exec({ command: { sandboxId: id, cmd: "true" } })
    const before = await footprint()
    for (let count = 0; count < 1000; count++) {
      const { exitCode } = await agent.exec({ command: { sandboxId: id, cmd: "true" } })
      expect(exitCode).toBe(0)
    }
    await sleep(500)
    expect(await footprint()).toBe(before)
  })
})

describe("exec/stream", () => {
  it("streams both outputs and the exit", async () => {
    using stream = await ExecStream.open(platform, id, {
      cmd: "bash",
      args: ["-c", "echo out; echo err >&2; exit 3"],
    })
    expect(await stream.exit()).toMatchObject({ type: "exit", exit_code: 3 })
    expect(stream.messages[0]).toMatchObject({ type: "started" })
    expect(stream.output("stdout")).toBe("out\n")
    expect(stream.output("stderr")).toBe("err\n")
  })

  it("takes input and its end", async () => {
    using stream = await ExecStream.open(platform, id, { cmd: "cat", stdin: true })
    stream.stdin("one\n")
    await stream.until(() => stream.output() === "one\n")
    stream.stdin("two\n")
    stream.send({ type: "close_stdin" })
    expect(await stream.exit()).toMatchObject({ exit_code: 0 })
    expect(stream.output()).toBe("one\ntwo\n")
  })

  it("gives a terminal that can be resized and interrupted", async () => {
    using stream = await ExecStream.open(platform, id, {
      cmd: "bash",
      args: ["--norc"],
      pty: { cols: 80, rows: 24 },
    })
    stream.stdin("stty size\n")
    await stream.until(() => stream.output().includes("24 80"))
    stream.send({ type: "resize", cols: 132, rows: 50 })
    stream.stdin("stty size\n")
    await stream.until(() => stream.output().includes("50 132"))
    stream.stdin("sleep 1000\n")
    await sleep(500)
    stream.stdin("\u0003")
    stream.stdin("echo after-interrupt; exit 5\n")
    expect(await stream.exit()).toMatchObject({ exit_code: 5 })
    expect(stream.output()).toContain("after-interrupt")
  })

  it("passes signals", async () => {
    using stream = await ExecStream.open(platform, id, {
      cmd: "bash",
      args: ["-c", "trap 'echo caught; exit 9' USR1; echo ready; while :; do sleep 0.1; done"],
    })
    await stream.until(() => stream.output().includes("ready"))
    stream.send({ type: "signal", signal: "SIGUSR1" })
    expect(await stream.exit()).toMatchObject({ exit_code: 9 })
    expect(stream.output()).toBe("ready\ncaught\n")
  })

  it("ends the process group when the client goes", async () => {
    const stream = await ExecStream.open(platform, id, {
      cmd: "bash",
      args: ["-c", "sleep 4321 & echo ready; sleep 4321"],
      kill_on_disconnect: true,
    })
    await stream.until(() => stream.output().includes("ready"))
    stream[Symbol.dispose]()
    for (let tries = 0; tries < 50; tries++) {
      const { exit_code: exitCode } = await platform.api.exec(id, "pgrep", ["-f", "sleep 4321"])
      if (exitCode === 1) return
      await sleep(100)
    }
    expect.unreachable("the process group outlived its client")
  })

  it("leaves the process when it was asked to", async () => {
    const stream = await ExecStream.open(platform, id, {
      cmd: "bash",
      args: ["-c", "echo ready; sleep 2; echo done > /tmp/detached"],
      kill_on_disconnect: false,
    })
    await stream.until(() => stream.output().includes("ready"))
    stream[Symbol.dispose]()
    await sleep(4_000)
    expect(await platform.api.shell(id, "cat /tmp/detached")).toBe("done\n")
  })

  it("slows the guest for a slow reader and loses nothing", async () => {
    const size = 32 * 1024 * 1024
    using stream = await ExecStream.open(platform, id, {
      cmd: "bash",
      args: ["-c", `head -c ${size} /dev/zero && touch /tmp/all-written`],
    })
    await stream.until(() => stream.messages.some(({ type }) => type === "stdout"))
    stream.socket.pause()
    await sleep(3_000)
    expect(await platform.api.exec(id, "test", ["-e", "/tmp/all-written"])).toMatchObject({ exit_code: 1 })
    stream.socket.resume()
    expect(await stream.exit()).toMatchObject({ exit_code: 0 })
    expect(stream.output().length).toBe(size)
  })

  it("answers 409 before the upgrade when the sandbox is not running", async () => {
    const stopped = await platform.api.create()
    await platform.api.delete(stopped.id)
    await expect(ExecStream.open(platform, stopped.id, { cmd: "true" })).rejects.toThrow("409")
  })
})
