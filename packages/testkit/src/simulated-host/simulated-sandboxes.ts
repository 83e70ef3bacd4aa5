import { create } from "@bufbuild/protobuf"
import { PlatformError, type SandboxStatus } from "@thaw/model"
import { hostAgent } from "@thaw/rpc"

import { Channel } from "./channel.ts"
import { pauseReport, restartTime, toMessage, type SimulatedSandbox } from "./simulated-sandbox.ts"
import type { SimulatedTemplates } from "./simulated-templates.ts"

const WATCH_CAPACITY = 10_000

/** The sandboxes of a simulated host, and who watches them */
export class SimulatedSandboxes {
  readonly #byId = new Map<string, SimulatedSandbox>()
  readonly #watchers = new Set<Channel<hostAgent.Sandbox>>()
  readonly #templates: SimulatedTemplates

  constructor(templates: SimulatedTemplates) {
    this.#templates = templates
  }

  list(): hostAgent.Sandbox[] {
    return this.#byId.values().map(toMessage).toArray()
  }

  find(id: string): SimulatedSandbox | undefined {
    return this.#byId.get(id)
  }

  /** Raises `not_found` or `wrong_state` unless `id` runs */
  running(id: string): SimulatedSandbox {
    return this.inStatus(id, ["running"])
  }

  /** Raises `not_found`, or `wrong_state` unless `id` is in one of `statuses` */
  inStatus(id: string, statuses: readonly SandboxStatus[]): SimulatedSandbox {
    const sandbox = this.#byId.get(id)
    if (sandbox === undefined) throw new PlatformError("not_found", `sandbox "${id}" is not on this host`)
    if (!statuses.includes(sandbox.status)) {
      throw new PlatformError(
        "wrong_state",
        `sandbox "${id}" is ${sandbox.status}, not ${statuses.join(" or ")}`,
      )
    }
    return sandbox
  }

  create(spec: hostAgent.SandboxSpec): hostAgent.Sandbox {
    const template = this.#templates.get(spec.template)
    const existing = this.#byId.get(spec.sandboxId)
    if (existing !== undefined) return toMessage(existing)
    const now = Date.now()
    const sandbox: SimulatedSandbox = {
      spec,
      status: "starting",
      reason: "",
      createdAtMs: now,
      changedAtMs: now,
      expiresAtMs: 0,
      pause: undefined,
      files: template.files.copy(),
    }
    this.#byId.set(spec.sandboxId, sandbox)
    restartTime(sandbox)
    this.#change(sandbox, "running")
    return toMessage(sandbox)
  }

  destroy(id: string): void {
    const sandbox = this.#byId.get(id)
    if (sandbox === undefined) throw new PlatformError("not_found", `sandbox "${id}" is not on this host`)
    this.#byId.delete(id)
    this.#change(sandbox, "stopped", "deleted")
  }

  /** @param working Awaited while the sandbox is pausing; when it fails the sandbox runs on */
  async pause(id: string, working: () => Promise<void>): Promise<hostAgent.Sandbox> {
    if (this.#byId.get(id)?.status !== "paused") {
      await this.#pass(this.running(id), { by: "pausing", to: "paused", working })
    }
    return toMessage(this.inStatus(id, ["paused"]))
  }

  /** @param working Awaited while the sandbox is resuming; when it fails the sandbox stays paused */
  async resume(id: string, working: () => Promise<void>): Promise<hostAgent.Sandbox> {
    if (this.#byId.get(id)?.status !== "running") {
      await this.#pass(this.inStatus(id, ["paused"]), { by: "resuming", to: "running", working })
    }
    return toMessage(this.running(id))
  }

  /** Changes how long a sandbox lives, and lets its time start anew */
  update(request: hostAgent.UpdateSandboxRequest): hostAgent.Sandbox {
    const sandbox = this.inStatus(request.sandboxId, ["running", "paused"])
    if (request.timeoutSec !== undefined) sandbox.spec.timeoutSec = request.timeoutSec
    if (request.onTimeout !== undefined) sandbox.spec.onTimeout = request.onTimeout
    this.touch(request.sandboxId)
    return toMessage(sandbox)
  }

  /** What a host does when something happens in a sandbox */
  touch(id: string): void {
    const sandbox = this.inStatus(id, ["running", "paused"])
    restartTime(sandbox)
    this.#tell(sandbox)
  }

  /** What a host reports when a VM has died by itself */
  crash(id: string, reason: string): void {
    this.#change(this.running(id), "error", reason)
  }

  /** What a host does when a sandbox's time is over */
  expire(id: string): void {
    const sandbox = this.running(id)
    if (sandbox.spec.onTimeout === "pause") {
      this.#change(sandbox, "pausing")
      this.#arrive(sandbox, "paused", "timeout reached")
      return
    }
    this.#byId.delete(id)
    this.#change(sandbox, "stopped", "timeout")
  }

  /** Forgets a sandbox without telling anyone */
  lose(id: string): void {
    this.#byId.delete(id)
  }

  async *watch(signal: AbortSignal): AsyncGenerator<hostAgent.WatchSandboxesResponse> {
    const changes = new Channel<hostAgent.Sandbox>(WATCH_CAPACITY)
    this.#watchers.add(changes)
    const stop = () => changes.close()
    signal.addEventListener("abort", stop)
    try {
      for (const sandbox of this.list()) yield toEvent(sandbox)
      yield create(hostAgent.WatchSandboxesResponseSchema, { event: { case: "synced", value: {} } })
      for await (const sandbox of changes) yield toEvent(sandbox)
    } finally {
      this.#watchers.delete(changes)
      signal.removeEventListener("abort", stop)
    }
  }

  /** Takes a sandbox by one status to another, or back to where it was */
  async #pass(
    sandbox: SimulatedSandbox,
    way: {
      readonly by: SandboxStatus
      readonly to: "paused" | "running"
      readonly working: () => Promise<void>
    },
  ): Promise<void> {
    const { status: before, reason } = sandbox
    this.#change(sandbox, way.by)
    try {
      await way.working()
    } catch (error) {
      if (sandbox.status === way.by) this.#change(sandbox, before, reason)
      throw error
    }
    // It may have been destroyed meanwhile.
    if (sandbox.status === way.by) this.#arrive(sandbox, way.to)
  }

  #arrive(sandbox: SimulatedSandbox, to: "paused" | "running", reason = ""): void {
    if (to === "paused") sandbox.pause = pauseReport(sandbox)
    this.#change(sandbox, to, reason)
    restartTime(sandbox)
    this.#tell(sandbox)
  }

  #change(sandbox: SimulatedSandbox, status: SandboxStatus, reason = ""): void {
    sandbox.status = status
    sandbox.reason = reason
    sandbox.changedAtMs = Math.max(Date.now(), sandbox.changedAtMs + 1)
    this.#tell(sandbox)
  }

  #tell(sandbox: SimulatedSandbox): void {
    for (const watcher of this.#watchers) void watcher.push(toMessage(sandbox))
  }
}

function toEvent(sandbox: hostAgent.Sandbox): hostAgent.WatchSandboxesResponse {
  return create(hostAgent.WatchSandboxesResponseSchema, { event: { case: "sandbox", value: sandbox } })
}
