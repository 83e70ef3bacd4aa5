import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { afterEach, beforeEach, describe, expect, it } from "vitest"

import { serveMonitor } from "./_fake-monitor.ts"
import { QmpClient, QmpError } from "./qmp-client.ts"

describe("QmpClient", () => {
  let directory = ""
  let path = ""
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "thaw-qmp-"))
    path = join(directory, "qmp.sock")
  })
  afterEach(async () => await rm(directory, { recursive: true }))

  it("waits for a socket that is not there yet", async () => {
    const connecting = QmpClient.connect(path, { timeoutMs: 5000 })
    using _monitor = await serveMonitor(path, (command, id) => ({ return: command, id }))
    using client = await connecting
    expect(await client.execute("query-status")).toBe("query-status")
  })

  it("raises what QEMU refuses", async () => {
    using _monitor = await serveMonitor(path, (_command, id) => ({
      error: { class: "GenericError", desc: "no such device" },
      id,
    }))
    using client = await QmpClient.connect(path, { timeoutMs: 5000 })
    await expect(client.execute("eject")).rejects.toThrow(new QmpError("no such device"))
  })

  it("emits events, and fails waiting commands when QEMU goes", async () => {
    using monitor = await serveMonitor(path, () => undefined)
    using client = await QmpClient.connect(path, { timeoutMs: 5000 })
    const event = once(client, "event")
    monitor.say({ event: "SHUTDOWN", data: { reason: "guest-reset" } })
    expect(await event).toMatchObject([{ event: "SHUTDOWN" }])
    const waiting = client.execute("query-status")
    const closed = once(client, "close")
    monitor.drop()
    await expect(waiting).rejects.toThrow(QmpError)
    await closed
    await expect(client.execute("query-status")).rejects.toThrow(QmpError)
  })

  it("drops a QEMU that does not speak its protocol, and lives on", async () => {
    using monitor = await serveMonitor(path, () => undefined)
    using client = await QmpClient.connect(path, { timeoutMs: 5000 })
    const closed = once(client, "close")
    monitor.sayRaw("garbage\n")
    await closed
    await expect(client.execute("query-status")).rejects.toThrow(QmpError)
  })

  it("gives up at the deadline", async () => {
    await expect(QmpClient.connect(path, { timeoutMs: 50 })).rejects.toThrow("QEMU does not answer")
  })
})
