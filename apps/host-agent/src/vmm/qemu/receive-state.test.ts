import { once } from "node:events"
import { lstat, mkdtemp, readdir, rm } from "node:fs/promises"
import { createConnection, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { afterEach, beforeEach, describe, expect, it } from "vitest"

import { serveMonitor } from "./_fake-monitor.ts"
import { QmpClient } from "./qmp-client.ts"
import { receiveState } from "./receive-state.ts"

const TIMEOUT_MS = 5_000
const SHORT_MS = 200

describe("receiveState()", () => {
  let directory = ""
  let runDir = ""
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "thaw-receive-state-"))
    runDir = await mkdtemp(join(directory, "run-"))
  })
  afterEach(async () => await rm(directory, { recursive: true }))

  /** A QEMU that does `migrate` when it is told to save, and says `status` whenever it is asked */
  async function openQemu(migrate: (path: string) => void, status: object = { status: "completed" }) {
    const path = join(directory, "qmp.sock")
    const monitor = await serveMonitor(path, (name, id) => {
      if (name === "migrate") migrate(join(runDir, "state.sock"))
      return { return: name === "query-migrate" ? status : {}, id }
    })
    const qmp = await QmpClient.connect(path, { timeoutMs: TIMEOUT_MS })
    const end = () => {
      qmp[Symbol.dispose]()
      monitor[Symbol.dispose]()
    }
    return { qmp, monitor, [Symbol.dispose]: end }
  }

  function connect(path: string): Socket {
    const socket = createConnection(path)
    socket.on("error", () => undefined)
    return socket
  }

  it("gives what QEMU sends, through a socket that is QEMU's alone, and leaves no socket", async () => {
    const seen = Promise.withResolvers<{ mode: number; uid: number }>()
    const { gid } = await lstat(runDir)
    using qemu = await openQemu((path) => {
      lstat(path).then(seen.resolve, seen.reject)
      connect(path).end("state")
    })
    expect((await receiveState(qemu.qmp, runDir)).toString()).toBe("state")
    const { mode, uid } = await seen.promise
    expect(mode & 0o777).toBe(0o600)
    expect(uid).toBe(gid)
    expect(await readdir(runDir)).toEqual([])
  })

  it("raises what QEMU says of a state that it could not save", async () => {
    using qemu = await openQemu(() => undefined, { status: "failed", "error-desc": "disk on fire" })
    await expect(receiveState(qemu.qmp, runDir)).rejects.toThrow("disk on fire")
  })

  it("fails at once when QEMU dies while it saves", async () => {
    using qemu = await openQemu(() => undefined, { status: "active" })
    setTimeout(() => qemu.monitor.drop(), 20)
    await expect(receiveState(qemu.qmp, runDir)).rejects.toThrow("closed")
  })

  it.each([
    ["never connects", () => undefined],
    ["connects and sends nothing", connect],
    ["sends, but never to an end", (path: string) => connect(path).write("state")],
  ])("does not wait for ever for a QEMU that says it is done and %s", async (_, migrate) => {
    using qemu = await openQemu(migrate)
    await expect(receiveState(qemu.qmp, runDir, { timeoutMs: SHORT_MS })).rejects.toThrow("within 200 ms")
    expect(await readdir(runDir)).toEqual([])
  })

  it("takes a state from nobody when two connect, and ends both connections", async () => {
    const closed: Promise<unknown>[] = []
    using qemu = await openQemu((path) => {
      for (const socket of [connect(path), connect(path)]) closed.push(once(socket.resume(), "close"))
    })
    await expect(receiveState(qemu.qmp, runDir)).rejects.toThrow("more than once")
    expect(await Promise.all(closed)).toHaveLength(2)
  })
})
