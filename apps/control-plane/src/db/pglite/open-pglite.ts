import { mkdir, stat } from "node:fs/promises"
import { join } from "node:path"
import { setFlagsFromString } from "node:v8"

import { PGlite, types } from "@electric-sql/pglite"
import { run } from "@thaw/linux"

import { lockDirectory } from "./directory-lock.ts"

const INIT_TIMEOUT_MS = 120_000
/** PostgreSQL's own default of 128 MB would be most of this process's memory */
const SHARED_BUFFERS = "8MB"

/**
 * Opens a PGlite database in a directory of its own, and makes it first when there is none.
 *
 * Raises an error when another process has it open.
 */
export async function openPglite(dir: string): Promise<PGlite & AsyncDisposable> {
  await using stack = new AsyncDisposableStack()
  await mkdir(dir, { recursive: true, mode: 0o700 })
  stack.use(await lockDirectory(dir))
  if (!(await isDatabase(dir))) await initPglite(dir)
  const pglite = await startPglite(dir)
  stack.defer(() => (pglite.closed ? undefined : pglite.close()))
  const resources = stack.move()
  return Object.assign(pglite, { [Symbol.asyncDispose]: () => resources.disposeAsync() })
}

/** Opens the database of a directory that is not locked by anyone else */
export async function startPglite(dir: string): Promise<PGlite> {
  // V8's optimising compiler takes half a gigabyte for a moment to compile PostgreSQL; the code of its first compiler does well enough.
  setFlagsFromString("--no-wasm-tier-up")
  setFlagsFromString("--no-wasm-dynamic-tiering")
  return await PGlite.create(dir, {
    startParams: [...PGlite.defaultStartParams, "-c", `shared_buffers=${SHARED_BUFFERS}`],
    parsers: { [types.INT8]: Number },
  })
}

/** PostgreSQL's initdb leaves several hundred MiB of memory to the process that ran it: another one does */
async function initPglite(dir: string): Promise<void> {
  await run([process.execPath, join(import.meta.dirname, "init-pglite.ts"), dir], {
    timeoutMs: INIT_TIMEOUT_MS,
  })
}

async function isDatabase(dir: string): Promise<boolean> {
  try {
    return (await stat(join(dir, "PG_VERSION"))).isFile()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false
    throw error
  }
}
