import { create } from "@bufbuild/protobuf"
import { PlatformError, type SandboxStatus } from "@thaw/model"
import { hostAgent } from "@thaw/rpc"

import { Channel } from "./channel.ts"
import { SimulatedFiles } from "./simulated-files.ts"

export interface SimulatedSandbox {
  readonly spec: hostAgent.SandboxSpec
  status: SandboxStatus
  reason: string
  readonly createdAtMs: number
  changedAtMs: number
  readonly files: SimulatedFiles
}

const WATCH_CAPACITY = 10_000

/** The sandboxes of a simulated host, and who watches them */
export class SimulatedSandboxes {
  readonly #byId = new Map<string, SimulatedSandbox>()
  readonly #watchers = new Set<Channel<hostAgent.Sandbox>>()
  readonly templates: ReadonlySet<string>

  constructor(templates: readonly string[]) {
    this.templates = new Set(templates)
  }

  list(): hostAgent.Sandbox[] {
    return this.#byId.values().map(toMessage).toArray()
  }

  find(id: string): SimulatedSandbox | undefined {
    return this.#byId.get(id)
  }

  /** Raises `not_found` or `wrong_state` unless `id` runs */
  running(id: string): SimulatedSandbox {
    const sandbox = this.#byId.get(id)
    if (sandbox === undefined) throw new PlatformError("not_found", `sandbox "${id}" is not on this host`)
    if (sandbox.status !== "running") {
      throw new PlatformError("wrong_state", `sandbox "${id}" is ${sandbox.status}, not running`)
    }
    return sandbox
  }

  create(spec: hostAgent.SandboxSpec): hostAgent.Sandbox {
    if (!this.templates.has(spec.template)) {
      throw new PlatformError("not_found", `template "${spec.template}" does not exist`)
    }
    const existing = this.#byId.get(spec.sandboxId)
    if (existing !== undefined) return toMessage(existing)
    const now = Date.now()
    const sandbox: SimulatedSandbox = {
      spec,
      status: "starting",
      reason: "",
      createdAtMs: now,
      changedAtMs: now,
      files: new SimulatedFiles(),
    }
    this.#byId.set(spec.sandboxId, sandbox)
    this.#change(sandbox, "running", "")
    return toMessage(sandbox)
  }

  destroy(id: string): void {
    const sandbox = this.#byId.get(id)
    if (sandbox === undefined) throw new PlatformError("not_found", `sandbox "${id}" is not on this host`)
    this.#byId.delete(id)
    this.#change(sandbox, "stopped", "deleted")
  }

  /** What a host reports when a VM has died by itself */
  crash(id: string, reason: string): void {
    this.#change(this.running(id), "error", reason)
  }

  /** What a host reports when a sandbox's time is over */
  expire(id: string): void {
    const sandbox = this.running(id)
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

  #change(sandbox: SimulatedSandbox, status: SandboxStatus, reason: string): void {
    sandbox.status = status
    sandbox.reason = reason
    sandbox.changedAtMs = Date.now()
    for (const watcher of this.#watchers) void watcher.push(toMessage(sandbox))
  }
}

function toEvent(sandbox: hostAgent.Sandbox): hostAgent.WatchSandboxesResponse {
  return create(hostAgent.WatchSandboxesResponseSchema, { event: { case: "sandbox", value: sandbox } })
}

function toMessage(sandbox: SimulatedSandbox): hostAgent.Sandbox {
  const { spec, status, reason, createdAtMs, changedAtMs } = sandbox
  const expiresAtMs = spec.timeoutSec === 0 ? 0 : createdAtMs + spec.timeoutSec * 1000
  return create(hostAgent.SandboxSchema, {
    // The environment is a secret and not told again.
    spec: { ...spec, envs: {} },
    status,
    reason,
    hostIp: status === "running" ? "10.11.0.1" : "",
    createdAtMs: BigInt(createdAtMs),
    changedAtMs: BigInt(changedAtMs),
    expiresAtMs: BigInt(expiresAtMs),
    rootfsBytes: 4096n,
  })
}
