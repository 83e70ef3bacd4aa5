import { GuestClient } from "../guest/guest-client.ts"
import { GUEST_AGENT_PORT } from "../network/slot-addresses.ts"
import type { SlotLease } from "../network/slot-lease.ts"
import type { Rootfs } from "../rootfs/rootfs-store.ts"
import type { Vm } from "../vmm/vmm.ts"

const GUEST_CONNECT_TIMEOUT_MS = 1_000
/** A guest that runs stands still for a moment when its pager has to be started anew */
const RUNNING_CONNECT_TIMEOUT_MS = 5_000

export interface MachineParts {
  readonly slot: SlotLease
  readonly rootfs: Rootfs
  readonly vm: Vm
  /** File that holds the VM's memory while it runs */
  readonly memoryPath: string
  /** Access token of the guest agent, hexadecimal */
  readonly guestToken: string
  /** Owns capacity, slot, memory, what the pager serves, and VM; disposes them in the order in which they depend on each other */
  readonly owned: AsyncDisposableStack
}

/**
 * All a running sandbox holds of its host: capacity, slot, memory and VM. Its disk stays when it is disposed.
 *
 * Disposing ends the VM first, because what is below it cannot go while it lives.
 */
export class Machine implements AsyncDisposable {
  readonly slot: SlotLease
  readonly rootfs: Rootfs
  readonly vm: Vm
  readonly memoryPath: string
  readonly guest: GuestClient
  readonly #owned: AsyncDisposableStack

  constructor(parts: MachineParts) {
    this.slot = parts.slot
    this.rootfs = parts.rootfs
    this.vm = parts.vm
    this.memoryPath = parts.memoryPath
    this.#owned = parts.owned
    this.guest = openGuest(parts.slot, parts.guestToken, RUNNING_CONNECT_TIMEOUT_MS)
  }

  /** Lets go of everything without touching it, for the next host agent to adopt */
  detach(): void {
    this.vm.detach()
  }

  /** Leaves memory and network alone when the VM does not end: they are in use then */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.vm.kill()
    await this.#owned.disposeAsync()
  }
}

/** The guest agent behind a slot */
export function openGuest(
  slot: SlotLease,
  guestToken: string,
  connectTimeoutMs = GUEST_CONNECT_TIMEOUT_MS,
): GuestClient {
  return new GuestClient({
    host: slot.addresses.hostReachableIp,
    port: GUEST_AGENT_PORT,
    token: Buffer.from(guestToken, "hex"),
    connectTimeoutMs,
  })
}
