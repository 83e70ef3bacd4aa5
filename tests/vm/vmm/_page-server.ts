import { once } from "node:events"
import { Worker } from "node:worker_threads"

/** What the page server's thread is started with */
export interface PageServerData {
  readonly socketPath: string
  readonly uid: number
  /** Copy of the memory of a frozen VM */
  readonly memoryPath: string
  /** Pages served before it stops answering; -1: all */
  readonly pagesMax: number
  /** One i32 that both threads see */
  readonly shared: SharedArrayBuffer
}

export const STARTING = 0
export const LISTENING = 1
export const STOPPED = 2

/** Stands in for the pager: serves the page faults of one VM from a copy of its memory. Disposing ends it. */
export async function startPageServer(options: Omit<PageServerData, "shared">): Promise<AsyncDisposable> {
  const shared = new SharedArrayBuffer(4)
  const state = new Int32Array(shared)
  const workerData: PageServerData = { ...options, shared }
  const worker = new Worker(new URL("_page-server-thread.ts", import.meta.url), { workerData })
  const exited = once(worker, "exit")
  await Promise.race([Atomics.waitAsync(state, 0, STARTING).value, exited])
  return {
    [Symbol.asyncDispose]: async () => {
      Atomics.store(state, 0, STOPPED)
      await exited
    },
  }
}
