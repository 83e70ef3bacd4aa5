import { cp, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { startTemporaryPostgres } from "@thaw/testkit"
import { afterAll, beforeAll, describe } from "vitest"

import { openPglite } from "../../apps/control-plane/src/db/pglite/open-pglite.ts"

/** Gives URLs of empty databases, as `DATABASE_URL` takes them */
export interface DatabaseSource {
  readonly createDatabase: () => Promise<string>
}

type OpenSource = () => Promise<DatabaseSource & AsyncDisposable>

const SOURCES = { PGlite: openPgliteSource, PostgreSQL: startTemporaryPostgres } satisfies Record<
  string,
  OpenSource
>

type DatabaseKind = keyof typeof SOURCES

/** Declares a group of tests once for each database; its server is there while they run */
export function describeOnEachDatabase(name: string, declare: (source: DatabaseSource) => void): void {
  describeOnDatabase("PGlite", name, declare)
  describeOnDatabase("PostgreSQL", name, declare)
}

/** Declares a group of tests that do not depend on the database, or only work with one */
export function describeOnDatabase(
  kind: DatabaseKind,
  name: string,
  declare: (source: DatabaseSource) => void,
): void {
  describe(`${name} on ${kind}`, () => {
    const open: OpenSource = SOURCES[kind]
    let opened: Awaited<ReturnType<OpenSource>> | undefined
    beforeAll(async () => {
      opened = await open()
    })
    afterAll(async () => {
      await opened?.[Symbol.asyncDispose]()
    })
    declare({
      createDatabase: async () => {
        if (opened === undefined) throw new Error("the database server is not started")
        return await opened.createDatabase()
      },
    })
  })
}

/** Making a PGlite database takes seconds, copying one does not */
async function openPgliteSource(): Promise<DatabaseSource & AsyncDisposable> {
  const dir = await mkdtemp(join(tmpdir(), "thaw-pglite-"))
  const emptyDir = join(dir, "empty")
  await using empty = await openPglite(emptyDir)
  await empty.close()
  let count = 0
  return {
    createDatabase: async () => {
      const copyDir = join(dir, String(++count))
      await cp(emptyDir, copyDir, { recursive: true })
      return `pglite:${copyDir}`
    },
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  }
}
