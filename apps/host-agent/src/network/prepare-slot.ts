import { listLinks, listNetns, type Run } from "@thaw/linux"
import { PlatformError } from "@thaw/model"

import {
  SLOT_INDEX_MAX,
  SLOT_INDEX_MIN,
  slotAddresses,
  toSlotIndex,
  type SlotIndex,
} from "./slot-addresses.ts"
import type { SlotClaim, SlotClaims } from "./slot-claims.ts"
import { ownSlotLease, type SlotLease } from "./slot-lease.ts"
import { ForeignSlotError, openSlotNetwork } from "./slot-network.ts"

/** Names in use on this machine, whoever made them */
export interface NetworkNames {
  readonly namespaces: ReadonlySet<string>
  readonly links: ReadonlySet<string>
}

export interface SlotSource {
  readonly claims: SlotClaims
  readonly run?: Run
  /** Slots to choose from; all by default */
  readonly slotMin?: number
  readonly slotMax?: number
  readonly listNames?: () => Promise<NetworkNames>
}

/** Hands out slots one after the other, so that a number just given back is the last to be used again */
export interface SlotCursor {
  next: number
}

/**
 * Claims a free slot and builds its network.
 *
 * Raises `capacity_exhausted` when every slot is taken by a host agent or by something else on this machine.
 */
export async function prepareSlot(
  source: SlotSource,
  cursor: SlotCursor,
  signal?: AbortSignal,
): Promise<SlotLease> {
  const taken = await source.claims.listTaken()
  const names = await (source.listNames ?? listNetworkNames)()
  for (const slot of slotsInTurn(source, cursor)) {
    signal?.throwIfAborted()
    // Looked at before the claim: a claimed slot is one whose namespace recovery may delete.
    if (taken.has(slot) || isForeign(slot, names)) continue
    await using stack = new AsyncDisposableStack()
    const claim = await source.claims.claim(slot)
    if (claim === undefined) continue
    stack.use(claim)
    const lease = await buildUnlessForeign(claim, source, signal)
    if (lease === undefined) continue
    stack.move()
    return lease
  }
  throw new PlatformError("capacity_exhausted", "no network slot is free on this host")
}

async function buildUnlessForeign(
  claim: SlotClaim,
  { run }: SlotSource,
  signal: AbortSignal | undefined,
): Promise<SlotLease | undefined> {
  try {
    const network = await openSlotNetwork(claim.slot, {
      ...(run !== undefined && { run }),
      ...(signal !== undefined && { signal }),
    })
    return ownSlotLease(claim, network)
  } catch (error) {
    if (error instanceof ForeignSlotError) return undefined
    throw error
  }
}

/** Each slot of the range once, from the cursor on; the cursor moves with every slot looked at */
function* slotsInTurn(source: SlotSource, cursor: SlotCursor): Generator<SlotIndex> {
  const first = toSlotIndex(source.slotMin ?? SLOT_INDEX_MIN)
  const last = toSlotIndex(source.slotMax ?? SLOT_INDEX_MAX)
  for (let count = first; count <= last; count++) {
    const slot = toSlotIndex(cursor.next < first || cursor.next > last ? first : cursor.next)
    cursor.next = slot + 1
    yield slot
  }
}

function isForeign(slot: SlotIndex, names: NetworkNames): boolean {
  const { namespace, hostVeth } = slotAddresses(slot)
  return names.namespaces.has(namespace) || names.links.has(hostVeth)
}

async function listNetworkNames(): Promise<NetworkNames> {
  return { namespaces: new Set(await listNetns()), links: new Set(await listLinks()) }
}
