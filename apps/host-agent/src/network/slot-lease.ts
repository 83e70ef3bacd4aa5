import type { SlotAddresses } from "./slot-addresses.ts"
import type { SlotClaim } from "./slot-claims.ts"
import type { SlotNetwork } from "./slot-network.ts"

/** A slot with its network, for one sandbox */
export interface SlotLease extends AsyncDisposable {
  readonly addresses: SlotAddresses
  /** Takes the network down, then gives the number back; may be called again, also after it failed */
  release(): Promise<void>
}

/** Makes the owner of a claim and its network. The claim stays when the network cannot be removed: recovery finds it. */
export function ownSlotLease(claim: SlotClaim, network: SlotNetwork): SlotLease {
  const release = async (): Promise<void> => {
    await network.close()
    await claim.release()
  }
  return { addresses: network.addresses, release, [Symbol.asyncDispose]: release }
}
