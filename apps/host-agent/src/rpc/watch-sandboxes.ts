import type { Sandbox } from "../sandbox/sandbox.ts"
import type { SandboxSet } from "../sandbox/sandbox-set.ts"

/**
 * Yields every sandbox, then `synced`, then each sandbox that changes, until `signal` aborts.
 *
 * A slow reader gets the newest state of each sandbox, not every state in between: what waits is bounded by the number of sandboxes
 * that changed.
 */
export async function* watchSandboxes(
  sandboxes: SandboxSet,
  signal: AbortSignal,
): AsyncGenerator<Sandbox | "synced"> {
  const changed = new Set<Sandbox>()
  let wake = Promise.withResolvers<void>()
  using _watch = sandboxes.watch((sandbox) => {
    changed.delete(sandbox)
    changed.add(sandbox)
    wake.resolve()
  })
  const onAbort = () => wake.resolve()
  signal.addEventListener("abort", onAbort)
  try {
    yield* sandboxes.list()
    yield "synced"
    while (!signal.aborted) {
      const [next] = changed
      if (next === undefined) {
        await wake.promise
        wake = Promise.withResolvers<void>()
        continue
      }
      changed.delete(next)
      yield next
    }
  } finally {
    signal.removeEventListener("abort", onAbort)
  }
}
