import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { startSimulatedHostAgent } from "@thaw/testkit"

import { expect, test } from "vitest"

import { ApiClient } from "./_api-client.ts"
import { startControlPlaneProcess } from "./_control-plane-process.ts"
import { describeOnEachDatabase } from "./_databases.ts"
import { API_KEY, HOST_TOKEN, writeEnv } from "./_harness.ts"

/** What the control plane is at when it is killed, where the call to the host then is, and what comes of it */
const CASES = [
  { act: "pause", moment: "pauseSandbox", isFinished: false, wanted: "running" },
  { act: "pause", moment: "pauseSandbox:working", isFinished: true, wanted: "paused" },
  { act: "pause", moment: "pauseSandbox:answer", isFinished: true, wanted: "paused" },
  { act: "resume", moment: "resumeSandbox", isFinished: false, wanted: "paused" },
  { act: "resume", moment: "resumeSandbox:working", isFinished: true, wanted: "running" },
  { act: "resume", moment: "resumeSandbox:answer", isFinished: true, wanted: "running" },
  { act: "snapshot", moment: "createSnapshot", isFinished: false, wanted: "running" },
  { act: "snapshot", moment: "createSnapshot:answer", isFinished: true, wanted: "running" },
] as const

describeOnEachDatabase("a control plane that is killed", (source) => {
  test("in the middle of pauses, resumes and snapshots: the next one settles each by what the host says", async () => {
    await using stack = new AsyncDisposableStack()
    const dataDir = await mkdtemp(join(tmpdir(), "thaw-kill-"))
    stack.defer(() => rm(dataDir, { recursive: true, force: true }))
    const host = stack.use(await startSimulatedHostAgent({ token: HOST_TOKEN }))
    const env = await writeEnv({
      dataDir,
      databaseUrl: await source.createDatabase(),
      hostAgentUrl: host.url,
    })
    const first = stack.use(await startControlPlaneProcess({ env, logPath: join(dataDir, "log-1") }))
    const api = new ApiClient(first.url, API_KEY)

    const begun: { id: string; held: ReturnType<typeof host.injections.holdNext> }[] = []
    for (const { act, moment } of CASES) {
      const { id } = await api.create({ timeout_sec: 600 })
      if (act === "resume") await api.call("POST", `/v1/sandboxes/${id}/pause`)
      const held = host.injections.holdNext(moment)
      const call =
        act === "snapshot"
          ? api.call("POST", "/v1/snapshots", { json: { sandbox_id: id, name: `of-${id}` } })
          : api.call("POST", `/v1/sandboxes/${id}/${act}`)
      call.catch(() => undefined)
      await held.arrived
      begun.push({ id, held })
    }
    await first.kill()
    for (const [index, { held }] of begun.entries()) if (CASES[index]?.isFinished === true) held.release()

    const second = stack.use(await startControlPlaneProcess({ env, logPath: join(dataDir, "log-2") }))
    const next = new ApiClient(second.url, API_KEY)
    for (const [index, { id }] of begun.entries()) {
      const { act, moment, isFinished, wanted } = CASES[index] ?? CASES[0]
      const settled = await next.until(id, ({ status }) => status === wanted, 10_000)
      expect([moment, host.sandboxes.find(id)?.status]).toEqual([moment, wanted])
      expect([moment, settled.pause?.generation]).toEqual([moment, hasPaused(act, wanted) ? 0 : undefined])
      expect([moment, settled.expires_at !== undefined]).toEqual([moment, wanted === "running"])
      if (act !== "snapshot") continue
      const shown = await next.call("GET", `/v1/snapshots/of-${id}`)
      expect([moment, shown.status]).toEqual([moment, isFinished ? 200 : 404])
    }
    // What the host begins only now, on behalf of who is long gone, is told like any other change.
    for (const { held } of begun) held.release()
    for (const [index, { id }] of begun.entries()) {
      const { act } = CASES[index] ?? CASES[0]
      await next.until(id, ({ status }) => status === (act === "pause" ? "paused" : "running"), 10_000)
      expect((await next.call("DELETE", `/v1/sandboxes/${id}`)).status).toBe(204)
    }
    expect(host.sandboxes.list()).toEqual([])
  })
})

function hasPaused(act: string, wanted: string): boolean {
  return act === "resume" || wanted === "paused"
}
