import { LIMITS, PlatformError } from "@thaw/model"

declare const brand: unique symbol

/** Number of a network slot, 1 to 32767; everything about the network of a sandbox follows from it */
export type SlotIndex = number & { readonly [brand]: "SlotIndex" }

export const SLOT_INDEX_MIN = LIMITS.slotMin
/** Each slot takes two addresses of 10.12.0.0/16: one more slot would wrap around onto slot 0 */
export const SLOT_INDEX_MAX = LIMITS.slotMax

/** First uid given to VMMs; above Debian's and systemd's ranges for users, services and containers */
const VMM_UID_BASE = 810_000

/** Whether `value` is the number of a slot */
export function isSlotIndex(value: number): value is SlotIndex {
  return Number.isInteger(value) && value >= SLOT_INDEX_MIN && value <= SLOT_INDEX_MAX
}

/** Narrows a number to a slot. Raises `invalid_argument` for any other. */
export function toSlotIndex(value: number): SlotIndex {
  if (isSlotIndex(value)) return value
  throw new PlatformError(
    "invalid_argument",
    `network slot must be a whole number from ${SLOT_INDEX_MIN} to ${SLOT_INDEX_MAX}, got ${value}`,
  )
}

/** Names and addresses of one slot; IPv4 in dotted form, without prefix lengths */
export interface SlotAddresses {
  readonly slot: SlotIndex
  readonly namespace: string
  /** The host's end of the veth pair; the other end is `eth0` in the namespace */
  readonly hostVeth: string
  /** Address of the host's end, /31 */
  readonly hostAddress: string
  /** Address of the namespace's end, /31 */
  readonly peerAddress: string
  /** Where this host, and nothing else, reaches every port of the guest */
  readonly hostReachableIp: string
  /** uid and gid of the slot's VMM, owner of its tap */
  readonly vmmUid: number
}

/** The same in every slot, so that a snapshot restores in any of them */
export const GUEST_LINK = {
  tap: "tap0",
  /** The namespace's side, gateway of the guest */
  gatewayAddress: "169.254.0.22",
  guestAddress: "169.254.0.21",
  prefixLength: 30,
  guestMac: "02:FC:00:00:00:05",
  /** Of the tap: a guest that is restored in another slot goes on with the neighbour it knows */
  gatewayMac: "02:FC:00:00:00:06",
  /** The namespace's end of the veth pair */
  uplink: "eth0",
} as const

/** Port of the guest agent inside the guest */
export const GUEST_AGENT_PORT = 49_983

/** Derives all names and addresses of a slot */
export function slotAddresses(slot: SlotIndex): SlotAddresses {
  const hostOffset = 2 * slot
  return {
    slot,
    namespace: `ns-${slot}`,
    hostVeth: `veth-${slot}`,
    hostAddress: `10.12.${hostOffset >> 8}.${hostOffset & 255}`,
    peerAddress: `10.12.${(hostOffset + 1) >> 8}.${(hostOffset + 1) & 255}`,
    hostReachableIp: `10.11.${slot >> 8}.${slot & 255}`,
    vmmUid: VMM_UID_BASE + slot,
  }
}
