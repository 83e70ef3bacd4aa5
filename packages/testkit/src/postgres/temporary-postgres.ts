import { chown, mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

import { run, startDetached, waitUntilGone } from "@thaw/linux"
import { Client } from "pg"

import { findPostgresBin } from "./find-postgres.ts"
import { asUser, findUnprivilegedUser } from "./unprivileged-user.ts"

const INITDB_TIMEOUT_MS = 60_000
const START_TIMEOUT_MS = 30_000
const STOP_TIMEOUT_MS = 10_000
const POLL_MS = 50

export interface TemporaryPostgres extends AsyncDisposable {
  /** Makes an empty database and gives its `postgres://` URL */
  createDatabase(): Promise<string>
}

/** Starts a PostgreSQL server of its own on a unix socket in a temporary directory; disposing ends it and removes all of it */
export async function startTemporaryPostgres(): Promise<TemporaryPostgres> {
  await using stack = new AsyncDisposableStack()
  const [bin, user] = await Promise.all([findPostgresBin(), findUnprivilegedUser()])
  const dir = await mkdtemp(join(tmpdir(), "thaw-postgres-"))
  stack.defer(() => rm(dir, { recursive: true, force: true }))
  if (user !== undefined) await chown(dir, user.uid, user.gid)

  const dataDir = join(dir, "data")
  const initdb = ["--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8"]
  await run(asUser(user, [join(bin, "initdb"), ...initdb, "-D", dataDir]), {
    timeoutMs: INITDB_TIMEOUT_MS,
    cwd: dir,
  })
  const logPath = join(dir, "log")
  const settings = [
    "fsync=off",
    "full_page_writes=off",
    "listen_addresses=",
    `unix_socket_directories=${dir}`,
  ]
  const server = await startDetached(
    asUser(user, [join(bin, "postgres"), "-D", dataDir, ...settings.flatMap((setting) => ["-c", setting])]),
    { logPath, cwd: dir },
  )
  stack.defer(async () => {
    // SIGINT is PostgreSQL's fast shutdown: SIGTERM would wait for clients, SIGKILL leave its shared memory.
    process.kill(server.pid, "SIGINT")
    if (!(await waitUntilGone(server, STOP_TIMEOUT_MS))) {
      throw new Error(`stop PostgreSQL: process ${server.pid} is still there`)
    }
  })

  const urlOf = (database: string) =>
    `postgres://postgres@localhost/${database}?host=${encodeURIComponent(dir)}`
  await waitUntilReady(urlOf("postgres"), logPath)
  let count = 0
  const resources = stack.move()
  return {
    createDatabase: async () => {
      const name = `test_${++count}`
      await query(urlOf("postgres"), `create database ${name}`)
      return urlOf(name)
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

async function waitUntilReady(url: string, logPath: string): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS
  for (;;) {
    try {
      return await query(url, "select 1")
    } catch (error) {
      if (performance.now() > deadline) {
        const log = await readFile(logPath, "utf8")
        throw new Error(`start PostgreSQL: no answer within ${START_TIMEOUT_MS} ms, log: ${log}`, {
          cause: error,
        })
      }
      await sleep(POLL_MS)
    }
  }
}

async function query(url: string, text: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}
