import { PlatformError, type SandboxId } from "@thaw/model"

import type { EnvPair } from "../guest/protocol/request.ts"
import { applyBakedSize } from "./frozen-source.ts"
import { Sandbox } from "./sandbox.ts"
import type { SandboxDeps } from "./sandbox-deps.ts"
import { isSameSpec, type SandboxSpec } from "./sandbox-spec.ts"

/** Every sandbox of the host, by id */
export class SandboxSet {
  readonly #sandboxes = new Map<SandboxId, Sandbox>()
  readonly #creating = new Map<SandboxId, Promise<void>>()
  readonly #watchers = new Set<(sandbox: Sandbox) => void>()
  readonly #deps: SandboxDeps
  #closed = false

  constructor(deps: SandboxDeps) {
    this.#deps = deps
  }

  /** Takes up the sandboxes that recovery found */
  add(make: (listener: ReturnType<SandboxSet["listener"]>) => Sandbox): Sandbox {
    const sandbox = make(this.listener())
    this.#sandboxes.set(sandbox.id, sandbox)
    return sandbox
  }

  /** What each sandbox reports its changes to */
  listener() {
    return {
      onChange: (sandbox: Sandbox) => this.#watchers.forEach((watcher) => watcher(sandbox)),
      onForgotten: (sandbox: Sandbox) => void this.#sandboxes.delete(sandbox.id),
    }
  }

  list(): Sandbox[] {
    return [...this.#sandboxes.values()]
  }

  /** Raises `not_found` for an id that is not on this host */
  get(id: SandboxId): Sandbox {
    const sandbox = this.#sandboxes.get(id)
    if (sandbox === undefined) throw new PlatformError("not_found", `sandbox "${id}" is not on this host`)
    return sandbox
  }

  /**
   * Creates a sandbox, with the size that its template bakes into it. The same spec again gives the same sandbox.
   *
   * @throws {PlatformError} `already_exists` for another spec under that id, and what the create fails with
   */
  async create(asked: SandboxSpec, env: readonly EnvPair[]): Promise<Sandbox> {
    const spec = await applyBakedSize(this.#deps, asked)
    if (this.#closed) throw new PlatformError("unavailable", "the host agent is shutting down")
    const existing = this.#sandboxes.get(spec.id)
    if (existing !== undefined) {
      if (!isSameSpec(existing.record.spec, spec)) {
        throw new PlatformError("already_exists", `sandbox "${spec.id}" exists with another specification`)
      }
      await this.#creating.get(spec.id)
      if (existing.record.status !== "running") {
        throw new PlatformError(
          "already_exists",
          `sandbox "${spec.id}" exists and is ${existing.record.status}`,
        )
      }
      return existing
    }
    const sandbox = Sandbox.fresh(spec, this.#deps, this.listener())
    this.#sandboxes.set(spec.id, sandbox)
    const created = sandbox.create(env).finally(() => this.#creating.delete(spec.id))
    this.#creating.set(spec.id, created)
    await created
    return sandbox
  }

  /** Calls `onChange` for every change from now on, until disposed */
  watch(onChange: (sandbox: Sandbox) => void): Disposable {
    this.#watchers.add(onChange)
    return { [Symbol.dispose]: () => void this.#watchers.delete(onChange) }
  }

  /** Waits for the work in hand and lets go of every VM; they run on */
  async detachAll(): Promise<void> {
    this.#closed = true
    await Promise.all(this.list().map(async (sandbox) => await sandbox.detach()))
  }
}
