import { randomBytes } from "node:crypto"

import { PlatformError, sandboxIdFromBytes, type SandboxId, type TemplateName } from "@thaw/model"

import type { Snapshot } from "../snapshot/read-snapshot.ts"
import { readArtifactsIdentity } from "../snapshot/artifacts-identity.ts"
import { planWarmKey, type WarmSubject } from "../snapshot/plan-warm-key.ts"
import type { Template } from "../template/template-store.ts"
import { bootMachine } from "./boot-machine.ts"
import { openForRestore, type HeldSnapshot } from "./frozen-source.ts"
import type { HeldResource } from "./machine-deps.ts"
import { makeGuestToken } from "./plan-identity.ts"
import type { SandboxDeps } from "./sandbox-deps.ts"
import type { SandboxRecord } from "./sandbox-record.ts"
import { saveMachine } from "./save-machine.ts"
import { Steps } from "./steps.ts"

/** What a base template is booted as */
export interface WarmSize {
  readonly template: TemplateName
  readonly vcpus: number
  readonly memoryMib: number
}

type WarmDeps = Omit<SandboxDeps, "warm">

const ID_BYTES = 32

/**
 * Base templates, booted once for each size and frozen: what every sandbox of a base template is restored from.
 *
 * A size that is asked for by several at once is booted once.
 */
export class WarmTemplates implements AsyncDisposable {
  readonly #deps: WarmDeps
  readonly #booting = new Map<string, Promise<void>>()
  readonly #closing = new AbortController()

  constructor(deps: WarmDeps) {
    this.#deps = deps
  }

  /**
   * Opens the frozen VM of a base template in a size, booting it first when there is none that this host can restore.
   *
   * @throws {PlatformError} `not_found` (template), `capacity_exhausted`, `deadline_exceeded` (boot)
   */
  async open(size: WarmSize, signal: AbortSignal): Promise<HeldSnapshot> {
    const template = await this.#deps.templates.open(size.template)
    const { name, version, accelerator } = this.#deps.vmm
    const subject: WarmSubject = {
      template: template.name,
      buildId: template.buildId,
      vcpus: size.vcpus,
      memoryMib: size.memoryMib,
      vmm: { name, version, accelerator },
      artifacts: await readArtifactsIdentity(this.#deps.paths),
    }
    const key = planWarmKey(subject)
    const found = await this.#find(key)
    if (found !== undefined) return found
    await this.#boot(key, { template, subject, signal })
    await this.#deleteStale(subject)
    const booted = await this.#find(key)
    if (booted !== undefined) return booted
    throw new PlatformError("internal", "internal error", {
      internal: `warm template "${key}" is gone again`,
    })
  }

  /** Forgets a frozen VM that could not be restored; it can be made again, unlike a sandbox's own */
  async discard(snapshotId: string): Promise<boolean> {
    const { snapshots } = this.#deps
    const entry = (await snapshots.warm.list()).find((candidate) => candidate.snapshotId === snapshotId)
    if (entry === undefined) return false
    await snapshots.warm.delete(planWarmKey(entry.subject))
    return true
  }

  /** Ends what is being booted, and waits until nothing of it is left */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new PlatformError("unavailable", "the host agent is shutting down"))
    await Promise.allSettled(this.#booting.values())
  }

  async #find(key: string): Promise<HeldSnapshot | undefined> {
    const { snapshots, logger } = this.#deps
    const entry = await snapshots.warm.get(key)
    if (entry === undefined) return undefined
    try {
      return await openForRestore(this.#deps, entry.snapshotId)
    } catch (error) {
      if (!isUnusable(error)) throw error
      logger.error({ err: error, key }, "a warm template is not usable and is made anew")
      await this.discard(entry.snapshotId)
      return undefined
    }
  }

  /** Those of earlier builds of the template, or of another VMM or kernel, are asked for no more */
  async #deleteStale(current: WarmSubject): Promise<void> {
    const isSameKind = (other: WarmSubject) =>
      planWarmKey({ ...other, vcpus: current.vcpus, memoryMib: current.memoryMib }) === planWarmKey(current)
    await this.#deps.snapshots.warm.deleteStale(
      (other) => other.template === current.template && !isSameKind(other),
    )
  }

  async #boot(key: string, options: WarmBoot): Promise<void> {
    const { signal } = options
    let booting = this.#booting.get(key)
    if (booting === undefined) {
      // It serves all who wait for it, so it does not end with the first of them.
      booting = freezeTemplate(this.#deps, options, this.#closing.signal).finally(() => {
        this.#booting.delete(key)
        this.#deps.snapshots.sweepSoon()
      })
      booting.catch(() => undefined)
      this.#booting.set(key, booting)
    }
    const aborted = Promise.withResolvers<never>()
    const onAbort = () => aborted.reject(signal.reason)
    signal.addEventListener("abort", onAbort, { once: true })
    try {
      signal.throwIfAborted()
      await Promise.race([booting, aborted.promise])
    } finally {
      signal.removeEventListener("abort", onAbort)
    }
  }
}

/** Whether a snapshot will never be usable here, in contrast to a host that has too few descriptors just now */
export function isUnusable(error: unknown): boolean {
  const codes: readonly string[] = ["data_loss", "not_found", "wrong_state"]
  return error instanceof PlatformError && codes.includes(error.code)
}

interface WarmBoot {
  readonly template: Template
  readonly subject: WarmSubject
  readonly signal: AbortSignal
}

/** Boots a template in a machine of its own, freezes it, and ends the machine */
async function freezeTemplate(
  deps: WarmDeps,
  { template, subject }: WarmBoot,
  closing: AbortSignal,
): Promise<void> {
  const { vcpus, memoryMib, vmm } = subject
  const id = sandboxIdFromBytes(randomBytes(ID_BYTES))
  const logger = deps.logger.child({ template: template.name, vcpus, memoryMib, machine: id })
  const steps = new Steps(deps.stepObserver)
  const guestToken = makeGuestToken()
  await using scratch = await openScratchRecord(deps, {
    id,
    template: template.name,
    vcpus,
    memoryMib,
    guestToken,
  })
  const { directory } = scratch
  await using machine = await bootMachine(deps, {
    spec: { id, vcpus, memoryMib },
    base: { path: template.rootfsPath, sizeBytes: template.sizeBytes, format: "raw" },
    guestToken,
    directory,
    steps,
    signal: AbortSignal.any([closing, AbortSignal.timeout(deps.bootTimeoutMs * 2)]),
    onHold: scratch.onHold,
  })
  await using draft = await deps.snapshots.begin({})
  const disk = { store: deps.rootfs, directory }
  await saveMachine(deps.pager, { id, memoryMib, machine, draft, parent: undefined, steps, disk })
  const snapshot: Snapshot = await steps.run("warm", async () => {
    await deps.rootfs.finishLayer(draft.layerPath)
    return await draft.publish({
      vmm,
      vcpus,
      memoryMib,
      template: template.name,
      templateBuild: { name: template.name, buildId: template.buildId },
      guestToken,
      layers: [],
      rootfs: { sizeBytes: template.sizeBytes },
    })
  })
  await deps.snapshots.warm.set(subject, snapshot.id)
  logger.info({ steps: steps.timings }, "template is warm")
}

/** A record like that of a sandbox being created: whatever happens here, the next host agent removes what is left */
async function openScratchRecord(
  deps: WarmDeps,
  spec: { id: SandboxId; template: TemplateName; vcpus: number; memoryMib: number; guestToken: string },
) {
  const { id, template, vcpus, memoryMib, guestToken } = spec
  const now = Date.now()
  let record: SandboxRecord = {
    formatVersion: 2,
    spec: { id, template, vcpus, memoryMib, timeoutSec: 0, onTimeout: "destroy" },
    status: "starting",
    reason: "",
    createdAtMs: now,
    changedAtMs: now,
    guestToken,
    startSteps: [],
    layers: [],
    diskBytes: 0,
    disk: "open",
  }
  await deps.journal.write(record)
  return {
    directory: deps.journal.directoryOf(id),
    onHold: async (held: HeldResource) => {
      record = "vmm" in held ? { ...record, vmm: held.vmm } : { ...record, slot: held.slot.addresses.slot }
      await deps.journal.write(record)
    },
    [Symbol.asyncDispose]: async () => {
      await deps.removeLeftovers(record, { keepDisk: false })
      await deps.journal.remove(id)
    },
  }
}
