import type { Run } from "@thaw/linux"

import type { SlotIndex } from "./slot-addresses.ts"
import type { SlotClaims } from "./slot-claims.ts"
import { ownSlotLease } from "./slot-lease.ts"
import { adoptSlotNetwork } from "./slot-network.ts"

export interface RecoverSlotsOptions {
  readonly claims: SlotClaims
  readonly slotsInUse: ReadonlySet<number>
  readonly onError: (error: unknown) => void
  readonly run?: Run
}

export interface RecoveredSlots {
  readonly removed: readonly SlotIndex[]
  /** Could not be removed; their claims stay, so they are not used and tried again at the next start */
  readonly failed: readonly SlotIndex[]
}

/** Removes the slots of this data directory that no running sandbox uses, half-built ones included */
export async function recoverSlots(options: RecoverSlotsOptions): Promise<RecoveredSlots> {
  const removed: SlotIndex[] = []
  const failed: SlotIndex[] = []
  const unadopted = await options.claims.listUnadopted()
  for (const slot of unadopted.filter((candidate) => !options.slotsInUse.has(candidate))) {
    try {
      const claim = await options.claims.adopt(slot)
      if (claim === undefined) continue
      await ownSlotLease(claim, adoptSlotNetwork(slot, options)).release()
      removed.push(slot)
    } catch (error) {
      failed.push(slot)
      options.onError(error)
    }
  }
  return { removed, failed }
}
