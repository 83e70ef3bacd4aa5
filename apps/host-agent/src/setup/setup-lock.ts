import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

import { tryLockFile } from "@thaw/linux"
import { PlatformError } from "@thaw/model"

import type { HostPaths } from "../host-paths.ts"

/** Longer than a set-up over a slow line takes */
const WAIT_TIMEOUT_MS = 40 * 60_000
const POLL_MS = 250

export interface SetupLockOptions {
  /** Called once when the locks are held by another set-up */
  readonly onWait: () => void
  readonly signal?: AbortSignal
}

/**
 * Takes what a set-up changes for itself: the artifacts and the templates, which data directories may share. The locks
 * end with this process, however it ends.
 */
export async function acquireSetupLock(
  paths: Pick<HostPaths, "artifactsDir" | "templatesDir">,
  options: SetupLockOptions,
): Promise<Disposable> {
  using stack = new DisposableStack()
  const deadline = performance.now() + WAIT_TIMEOUT_MS
  let waiting = false
  // Always in this order, so that two set-ups never wait for each other.
  for (const path of [join(paths.artifactsDir, ".setup-lock"), join(paths.templatesDir, ".setup-lock")]) {
    let lock = tryLockFile(path)
    while (lock === undefined) {
      if (!waiting) options.onWait()
      waiting = true
      if (performance.now() > deadline) {
        throw new PlatformError(
          "deadline_exceeded",
          "another set-up of this host has not ended in 40 minutes",
        )
      }
      await sleep(POLL_MS, undefined, options.signal === undefined ? {} : { signal: options.signal })
      lock = tryLockFile(path)
    }
    stack.use(lock)
  }
  return stack.move()
}
