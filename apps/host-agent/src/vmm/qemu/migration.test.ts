import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { afterEach, beforeEach, describe, expect, it } from "vitest"

import { serveMonitor } from "./_fake-monitor.ts"
import { migrateFromDescriptor, migrateToSocket } from "./migration.ts"
import { QmpClient } from "./qmp-client.ts"

const TIMEOUT_MS = 5_000

describe("migration", () => {
  let directory = ""
  let path = ""
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "thaw-migration-"))
    path = join(directory, "qmp.sock")
  })
  afterEach(async () => await rm(directory, { recursive: true }))

  /** A QEMU whose answer to `command` is the next of `answers`, the last one for ever; all else succeeds */
  async function openQemu(command: string, answers: readonly object[]) {
    const commands: string[] = []
    let next = 0
    const monitor = await serveMonitor(path, (name, id) => {
      commands.push(name)
      if (name !== command) return { return: {}, id }
      return { return: answers[Math.min(next++, answers.length - 1)], id }
    })
    const qmp = await QmpClient.connect(path, { timeoutMs: TIMEOUT_MS })
    const end = () => {
      qmp[Symbol.dispose]()
      monitor[Symbol.dispose]()
    }
    return { qmp, commands, monitor, [Symbol.dispose]: end }
  }

  it("saves until QEMU says that it is done", async () => {
    using qemu = await openQemu("query-migrate", [
      { status: "setup" },
      { status: "active" },
      { status: "completed" },
    ])
    await migrateToSocket(qemu.qmp, "/run/state.sock", TIMEOUT_MS)
    expect(qemu.commands.filter((command) => command !== "query-migrate")).toEqual([
      "migrate-set-capabilities",
      "migrate-set-parameters",
      "migrate",
    ])
  })

  it("raises what QEMU says of a state that it could not save", async () => {
    using qemu = await openQemu("query-migrate", [{ status: "failed", "error-desc": "disk on fire" }])
    await expect(migrateToSocket(qemu.qmp, "/run/state.sock", TIMEOUT_MS)).rejects.toThrow("disk on fire")
  })

  it("calls off a save that takes too long, and waits for its end", async () => {
    const active = Array.from({ length: 40 }, () => ({ status: "active" }))
    using qemu = await openQemu("query-migrate", [...active, { status: "cancelled" }])
    await expect(migrateToSocket(qemu.qmp, "/run/state.sock", 10)).rejects.toThrow("within 10 ms")
    expect(qemu.commands).toContain("migrate_cancel")
    expect(qemu.commands.at(-1)).toBe("query-migrate")
  })

  it("loads until the machine stands", async () => {
    using qemu = await openQemu("query-status", [{ status: "inmigrate" }, { status: "paused" }])
    await migrateFromDescriptor(qemu.qmp, 3, TIMEOUT_MS)
    expect(qemu.commands.slice(-4)).toEqual([
      "migrate-set-capabilities",
      "migrate-incoming",
      "query-status",
      "query-status",
    ])
  })

  it("does not wait for ever for a machine to stand", async () => {
    using qemu = await openQemu("query-status", [{ status: "inmigrate" }])
    await expect(migrateFromDescriptor(qemu.qmp, 3, 10)).rejects.toThrow("within 10 ms")
  })
})
