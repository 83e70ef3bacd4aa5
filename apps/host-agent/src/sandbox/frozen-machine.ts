import type { EnvPair } from "../guest/protocol/request.ts"
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

/** Makes a new sandbox's machine from the frozen VM of its template */
export async function createMachine(
  deps: SandboxDeps,
  options: CreateMachineOptions,
): Promise<CreatedMachine> {
  const { spec, steps, directory } = options
  using stack = new DisposableStack()
  const source = await steps.run("template", async () => await openSource(deps, spec, options.signal))
  stack.use(source)
  const { snapshot } = source
  const base = requireDisk(snapshot)
  const openDisk = async () => await deps.rootfs.create(base, directory)
  const machine = await restoreMachine(deps, { ...options, snapshot, openDisk })
  const { sizeBytes: diskBytes } = base
  return {
    machine,
    snapshotId: snapshot.id,
    layers: [...snapshot.diskLayers],
    diskBytes,
    hold: stack.move(),
  }
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
