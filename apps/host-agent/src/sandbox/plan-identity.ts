import { createHash, randomBytes } from "node:crypto"

import type { ConfigureRequest, EnvPair } from "../guest/protocol/request.ts"

const ENTROPY_BYTES = 64
const MACHINE_ID_BYTES = 16
const GUEST_TOKEN_BYTES = 32
const HOSTNAME_LENGTH_MAX = 63
const NS_PER_MS = 1_000_000n

export interface GuestIdentity {
  /** Becomes the host name */
  readonly id: string
  /** Access token the guest agent takes from now on, hexadecimal */
  readonly guestToken: string
  /** Absent: the guest keeps the environment it has */
  readonly env?: readonly EnvPair[]
  readonly dnsServers: readonly string[]
}

/** Makes an access token of a guest agent, hexadecimal */
export function makeGuestToken(): string {
  return randomBytes(GUEST_TOKEN_BYTES).toString("hex")
}

/** What a guest is told about itself, with the clock and fresh entropy of this moment. A sandbox has the same machine id all its life. */
export function planConfigure(identity: GuestIdentity): ConfigureRequest {
  return {
    token: Buffer.from(identity.guestToken, "hex"),
    hostname: identity.id.slice(0, HOSTNAME_LENGTH_MAX),
    machineId: createHash("sha256")
      .update(`machine-id:${identity.id}`)
      .digest()
      .subarray(0, MACHINE_ID_BYTES),
    wallClockUnixNs: BigInt(Date.now()) * NS_PER_MS,
    entropy: randomBytes(ENTROPY_BYTES),
    ...(identity.env === undefined ? {} : { env: identity.env }),
    dnsServers: identity.dnsServers,
  }
}
