import { sandboxIdFromBytes } from "@thaw/model"
import { randomBytes } from "node:crypto"
import { expect, test } from "vitest"

import { openLogger, parseConfig } from "@thaw/control-plane"
import { openDatabase } from "../../apps/control-plane/src/db/open-database.ts"
import { migrate } from "../../apps/control-plane/src/db/migrate.ts"
import { getSandbox } from "../../apps/control-plane/src/db/queries/get-sandbox.ts"
import { insertSandbox } from "../../apps/control-plane/src/db/queries/insert-sandbox.ts"
import { setSandboxStatus } from "../../apps/control-plane/src/db/queries/set-sandbox-status.ts"
import type { Database } from "../../apps/control-plane/src/db/schema/database.ts"
import { describeOnEachDatabase } from "./_databases.ts"

const log = openLogger({ level: "silent" })
const open = (url: string) => openDatabase(parseConfig({ DATABASE_URL: url }).database, log)

describeOnEachDatabase("database", (source) => {
  test("migrations run once, however often and at once they are asked for", async () => {
    const url = await source.createDatabase()
    {
      await using db = await open(url)
      await Promise.all([migrate(db), migrate(db), migrate(db)])
    }
    await using db = await open(url)
    expect(await db.selectFrom("sandboxes").selectAll().execute()).toEqual([])
  })

  test("processes that start at once on an empty database agree", async () => {
    const url = await source.createDatabase()
    const opened = await Promise.allSettled([open(url), open(url), open(url)])
    const failed = opened
      .filter((result) => result.status === "rejected")
      .map((result) => String(result.reason))
    for (const result of opened) if (result.status === "fulfilled") await result.value[Symbol.asyncDispose]()
    // PGlite is for one process: a second opener is told so instead of spoiling the files.
    const refusal = expect.stringContaining("another process has it open")
    expect(failed).toEqual(url.startsWith("pglite:") ? [refusal, refusal] : [])
  })

  test("of two that change a sandbox from the same state one wins", async () => {
    await using db = await open(await source.createDatabase())
    const pending = await insert(db)
    const starting = await setSandboxStatus(db, pending, { to: "starting" })
    expect(starting).toMatchObject({ status: "starting", revision: 1 })
    expect(await setSandboxStatus(db, pending, { to: "stopping" })).toBeUndefined()
    if (starting === undefined) throw new Error("not starting")
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        setSandboxStatus(db, starting, { to: index % 2 === 0 ? "running" : "error", reason: String(index) }),
      ),
    )
    const winners = results.filter((result) => result !== undefined)
    expect(winners).toHaveLength(1)
    expect(await getSandbox(db, pending.id)).toEqual(winners[0])
  })

  test("a status that cannot follow is a mistake of the caller", async () => {
    await using db = await open(await source.createDatabase())
    const pending = await insert(db)
    await expect(setSandboxStatus(db, pending, { to: "paused" })).rejects.toThrow('cannot follow "pending"')
  })

  test("the database itself refuses an unknown status", async () => {
    await using db = await open(await source.createDatabase())
    const { id } = await insert(db)
    const change = db.updateTable("sandboxes").set({ status: "nothing" }).where("id", "=", id).execute()
    await expect(change).rejects.toThrow("sandboxes_status_check")
  })

  test("times and metadata come back as they went in", async () => {
    await using db = await open(await source.createDatabase())
    const metadata = { "a'b\"c": "ü\n\\u0041", "": "🦊" }
    const inserted = await insert(db, metadata)
    expect(await getSandbox(db, inserted.id)).toEqual(inserted)
    expect(inserted.metadata).toEqual(metadata)
    expect(Math.abs(Date.now() - inserted.createdAt.getTime())).toBeLessThan(60_000)
  })
})

async function insert(db: Database, metadata: Record<string, string> = {}) {
  return await insertSandbox(db, {
    id: sandboxIdFromBytes(randomBytes(32)),
    hostId: "default",
    template: "base",
    vcpus: 1,
    memoryMib: 512,
    timeoutSec: 300,
    metadata,
  })
}
