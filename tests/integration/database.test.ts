import { randomBytes } from "node:crypto"

import { sandboxIdFromBytes } from "@thaw/model"
import { Kysely, Migrator, PostgresDialect, sql } from "kysely"
import { Pool } from "pg"
import { expect, test } from "vitest"

import { openLogger, parseConfig } from "@thaw/control-plane"
import { openDatabase } from "../../apps/control-plane/src/db/open-database.ts"
import { migrate } from "../../apps/control-plane/src/db/migrate.ts"
import { MIGRATIONS } from "../../apps/control-plane/src/db/migrations/migrations.ts"
import { openPglite } from "../../apps/control-plane/src/db/pglite/open-pglite.ts"
import { PgliteDialect } from "../../apps/control-plane/src/db/pglite/pglite-dialect.ts"
import { getSandbox } from "../../apps/control-plane/src/db/queries/get-sandbox.ts"
import { insertSandbox } from "../../apps/control-plane/src/db/queries/insert-sandbox.ts"
import { followLifetime, setLifetime } from "../../apps/control-plane/src/db/queries/set-lifetime.ts"
import { setMetadata } from "../../apps/control-plane/src/db/queries/set-metadata.ts"
import { setSandboxStatus } from "../../apps/control-plane/src/db/queries/set-sandbox-status.ts"
import {
  deleteTemplates,
  getTemplate,
  listTemplates,
  putTemplate,
} from "../../apps/control-plane/src/db/queries/templates.ts"
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

  test("a database of the first version is brought up to date with what is in it", async () => {
    const url = await source.createDatabase()
    {
      await using opened = await openUnmigrated(url)
      const { db } = opened
      const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } })
      const { error } = await migrator.migrateTo("0001-initial")
      expect(error).toBeUndefined()
      await sql`
        insert into sandboxes (id, host_id, template, status, vcpus, memory_mib, timeout_sec, metadata, revision,
            created_at, started_at, updated_at, expires_at)
          values ('sbxaaaaaaaaaaaaaaaaa', 'default', 'base', 'running', 2, 1024, 300, '{"a": "1"}', 4,
            '2026-01-01T10:00:00.123Z', '2026-01-01T10:00:01Z', '2026-01-01T10:00:02Z', '2026-01-01T10:05:00Z')
      `.execute(db)
    }
    await using db = await open(url)
    const before = await getSandbox(db, sandboxIdFromBytes(new Uint8Array(32)))
    expect(before).toMatchObject({
      status: "running",
      vcpus: 2,
      memoryMib: 1024,
      metadata: { a: "1" },
      revision: 4,
      createdAt: new Date("2026-01-01T10:00:00.123Z"),
      expiresAt: new Date("2026-01-01T10:05:00Z"),
      onTimeout: "destroy",
      pause: undefined,
      hostChangedAt: undefined,
    })
    if (before === undefined) throw new Error("the sandbox is gone")
    const pausing = await setSandboxStatus(db, before, { to: "pausing" })
    expect(pausing).toMatchObject({ status: "pausing", revision: 5 })
    expect(await listTemplates(db)).toEqual([])
  })

  test("what a pause leaves comes back as it went in", async () => {
    await using db = await open(await source.createDatabase())
    const pause = {
      generation: 3,
      stop_ms: 12.345,
      durable_ms: 1e-3,
      bytes_written: 2 ** 40,
      at: "2026-01-01T10:00:00.123Z",
      steps: [{ name: "stop", duration_ms: 0.1 }],
    }
    const pausing = await setSandboxStatus(db, await running(db), { to: "pausing" })
    if (pausing === undefined) throw new Error("not pausing")
    const hostChangedAt = new Date("2026-01-01T10:00:00.456Z")
    const paused = await setSandboxStatus(db, pausing, {
      to: "paused",
      expiresAt: null,
      pause,
      hostChangedAt,
    })
    expect(paused).toMatchObject({ pause, hostChangedAt, expiresAt: undefined })
  })

  test("a change of the lifetime counts for the status it was made for, and makes no change of the status fail", async () => {
    await using db = await open(await source.createDatabase())
    const before = await running(db)
    const lifetime = {
      timeoutSec: 7,
      onTimeout: "pause",
      expiresAt: new Date("2026-01-01T00:00:00Z"),
    } as const
    const changed = await setLifetime(db, before, lifetime)
    expect(changed).toMatchObject({ ...lifetime, revision: before.revision })
    expect((await setMetadata(db, before.id, { b: "2" }))?.metadata).toEqual({ b: "2" })
    const pausing = await setSandboxStatus(db, before, { to: "pausing" })
    expect(pausing).toMatchObject({ ...lifetime, status: "pausing" })
    expect(await setLifetime(db, before, { ...lifetime, timeoutSec: 8 })).toBeUndefined()
  })

  test("what the host reports of a lifetime is followed unless it was changed meanwhile", async () => {
    await using db = await open(await source.createDatabase())
    const before = await running(db)
    const follow = async (sec: number) => {
      const lifetime = { timeoutSec: 300, onTimeout: "destroy", expiresAt: new Date(sec * 1000) } as const
      await followLifetime(db, before, lifetime)
      return await getSandbox(db, before.id)
    }
    expect(await follow(10)).toEqual({ ...before, expiresAt: new Date(10_000) })
    // The row is no longer as it was read.
    expect(await follow(20)).toEqual({ ...before, expiresAt: new Date(10_000) })
  })

  test("templates are put, replaced, listed by name and type, and deleted", async () => {
    await using db = await open(await source.createDatabase())
    const base = { ...NO_TEMPLATE, name: "b", type: "base" } as const
    const snapshot = {
      ...NO_TEMPLATE,
      name: "B",
      type: "snapshot",
      vcpus: 2,
      memoryMib: 512,
      sizeBytes: 2 ** 40,
      parent: "b",
      sandboxId: "sbx",
      stopMs: 1.5,
    } as const
    await putTemplate(db, base)
    await putTemplate(db, { ...snapshot, vcpus: 1 })
    await putTemplate(db, snapshot)
    expect(await getTemplate(db, "B")).toEqual(snapshot)
    expect(await listTemplates(db)).toEqual([snapshot, base])
    expect(await listTemplates(db, { type: "base" })).toEqual([base])
    expect(await listTemplates(db, { hostId: "other" })).toEqual([])
    await deleteTemplates(db, ["B", "nothing"])
    await deleteTemplates(db, [])
    expect(await getTemplate(db, "B")).toBeUndefined()
    await expect(putTemplate(db, { ...snapshot, vcpus: undefined })).rejects.toThrow("check")
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

const NO_TEMPLATE = {
  hostId: "default",
  vcpus: undefined,
  memoryMib: undefined,
  sizeBytes: 0,
  createdAt: new Date("2026-01-01T10:00:00.123Z"),
  parent: undefined,
  sandboxId: undefined,
  stopMs: undefined,
}

/** A sandbox that runs */
async function running(db: Database) {
  const starting = await setSandboxStatus(db, await insert(db), { to: "starting" })
  const started = starting && (await setSandboxStatus(db, starting, { to: "running" }))
  if (started === undefined) throw new Error("not running")
  return started
}

/** A database as it is before its first migration */
async function openUnmigrated(url: string): Promise<{ db: Kysely<unknown> } & AsyncDisposable> {
  await using stack = new AsyncDisposableStack()
  const dialect = url.startsWith("pglite:")
    ? new PgliteDialect(stack.use(await openPglite(url.slice("pglite:".length))))
    : new PostgresDialect({ pool: new Pool({ connectionString: url }) })
  const db = stack.use(new Kysely<unknown>({ dialect }))
  const resources = stack.move()
  return { db, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

async function insert(db: Database, metadata: Record<string, string> = {}) {
  return await insertSandbox(db, {
    id: sandboxIdFromBytes(randomBytes(32)),
    hostId: "default",
    template: "base",
    vcpus: 1,
    memoryMib: 512,
    timeoutSec: 300,
    onTimeout: "destroy",
    metadata,
  })
}
