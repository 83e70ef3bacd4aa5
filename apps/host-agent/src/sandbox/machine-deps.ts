import type { ProcessIdentity } from "@thaw/linux"

import type { HostPaths } from "../host-paths.ts"
import type { SlotLease } from "../network/slot-lease.ts"
import type { SlotPool } from "../network/slot-pool.ts"
import type { Pager } from "../pager/pager.ts"
import type { RootfsStore } from "../rootfs/rootfs-store.ts"
import type { VmmDriver } from "../vmm/vmm.ts"
import type { HostCapacityLedger } from "./host-capacity.ts"
import type { SandboxSpec } from "./sandbox-spec.ts"
import type { Steps } from "./steps.ts"

/** What machines are made with; one for the whole host agent */
export interface MachineDeps {
  readonly paths: HostPaths
  /** Tells what belongs to this data directory where several have theirs */
  readonly dataDirId: string
  readonly capacity: HostCapacityLedger
  readonly slots: SlotPool
  readonly rootfs: RootfsStore
  readonly vmm: VmmDriver
  readonly pager: Pager
  readonly dnsServers: readonly string[]
  readonly bootTimeoutMs: number
}

/** What a machine holds of the host and must be on record before it is used */
export type HeldResource = { readonly slot: SlotLease } | { readonly vmm: ProcessIdentity }

/** What every start of a machine is told */
export interface MachineStart {
  readonly spec: Pick<SandboxSpec, "id" | "vcpus" | "memoryMib">
  /** The sandbox's own directory; exists */
  readonly directory: string
  readonly steps: Steps
  readonly signal: AbortSignal
  /** Makes durable what the machine holds */
  readonly onHold: (held: HeldResource) => Promise<void>
}
