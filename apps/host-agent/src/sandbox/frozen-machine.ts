import { PlatformError } from "@thaw/model"

import type { EnvPair } from "../guest/protocol/request.ts"
import type { Snapshot } from "../snapshot/read-snapshot.ts"
import { openForRestore, openSource, requireDisk } from "./frozen-source.ts"
import type { Machine } from "./machine.ts"
import type { MachineStart } from "./machine-deps.ts"
import { restoreMachine } from "./restore-machine.ts"
import type { SandboxDeps } from "./sandbox-deps.ts"
import type { SandboxRecord } from "./sandbox-record.ts"
import type { SandboxSpec } from "./sandbox-spec.ts"

export interface CreateMachineOptions extends MachineStart {
  readonly spec: SandboxSpec
  readonly guestToken: string
  readonly env: readonly EnvPair[]
}

export interface CreatedMachine {
  readonly machine: Machine
  readonly snapshotId: string
  /** Layers below the sandbox's own disk */
  readonly layers: string[]
  readonly diskBytes: number
  /** Keeps the snapshot until the sandbox's record names it */
  readonly hold: Disposable
}

/** Makes a new sandbox's machine from the frozen VM of its template. A base template whose warm VM turns out to be damaged is booted anew. */
export async function createMachine(
  deps: SandboxDeps,
  options: CreateMachineOptions,
): Promise<CreatedMachine> {
  for (let isFirst = true; ; isFirst = false) {
    using stack = new DisposableStack()
    const { spec, steps, signal } = options
    const source = stack.use(await steps.run("template", async () => await openSource(deps, spec, signal)))
    try {
      const created = await restoreCopy(deps, options, source.snapshot)
      return { ...created, hold: stack.move() }
    } catch (error) {
      if (!isFirst || !isDataLoss(error) || !(await deps.warm.discard(source.snapshot.id))) throw error
      deps.logger.error(
        { err: error, template: spec.template },
        "a warm template was damaged, and is made anew",
      )
    }
  }
}

async function restoreCopy(
  deps: SandboxDeps,
  options: CreateMachineOptions,
  snapshot: Snapshot,
): Promise<Omit<CreatedMachine, "hold">> {
  const { spec, directory } = options
  const { vcpus, memoryMib } = snapshot.manifest
  if (spec.vcpus !== vcpus || spec.memoryMib !== memoryMib) {
    throw new PlatformError("unavailable", `template "${spec.template}" was replaced meanwhile; try again`)
  }
  const base = requireDisk(snapshot)
  const openDisk = async () => await deps.rootfs.create(base, directory)
  const machine = await restoreMachine(deps, { ...options, snapshot, openDisk })
  const { sizeBytes: diskBytes } = base
  return { machine, snapshotId: snapshot.id, layers: [...snapshot.diskLayers], diskBytes }
}

function isDataLoss(error: unknown): boolean {
  return error instanceof PlatformError && error.code === "data_loss"
}

export interface ResumeMachineOptions extends Omit<MachineStart, "spec"> {
  readonly record: SandboxRecord
  readonly guestToken: string
}

/** Makes a paused sandbox's machine from what it is paused at. Its disk may have been written when this fails. */
export async function resumeMachine(deps: SandboxDeps, options: ResumeMachineOptions): Promise<Machine> {
  const { record, steps, directory } = options
  const { spec, snapshotId = "" } = record
  // The record names the snapshot, which keeps it.
  using source = await steps.run("snapshot", async () => await openForRestore(deps, snapshotId))
  const openDisk = async () => await deps.rootfs.open(directory)
  return await restoreMachine(deps, { ...options, spec, snapshot: source.snapshot, openDisk })
}
