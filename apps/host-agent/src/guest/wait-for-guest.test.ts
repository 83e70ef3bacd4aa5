import { PlatformError } from "@thaw/model"
import { describe, expect, it } from "vitest"

import type { ConfiguredGuest, GuestClient } from "./guest-client.ts"
import type { ConfigureRequest } from "./protocol/request.ts"
import { configureWhenReady } from "./wait-for-guest.ts"

const REQUEST: ConfigureRequest = {
  token: new Uint8Array(32),
  hostname: "a",
  machineId: new Uint8Array(16),
  wallClockUnixNs: 0n,
  entropy: new Uint8Array(32),
  dnsServers: [],
}

/** A guest that answers each configuration in turn: an error, or the lag of its clock in ms */
function guestAnswering(answers: readonly (number | PlatformError)[]) {
  const requests: ConfigureRequest[] = []
  const guest: Pick<GuestClient, "configure"> = {
    configure: (makeRequest): Promise<ConfiguredGuest> => {
      const answer = answers[requests.push(makeRequest()) - 1] ?? 0
      return typeof answer === "number"
        ? Promise.resolve({ guest, clockLagMsMax: answer })
        : Promise.reject(answer)
    },
  }
  return { guest, requests }
}

const unavailable = new PlatformError("unavailable", "not there")

async function configure(guest: Pick<GuestClient, "configure">, timeoutMs: number): Promise<void> {
  await configureWhenReady(guest, () => ({ ...REQUEST }), { timeoutMs, signal: new AbortController().signal })
}

describe("configureWhenReady()", () => {
  it("configures a quick guest once", async () => {
    const { guest, requests } = guestAnswering([1])
    await configure(guest, 1000)
    expect(requests).toHaveLength(1)
  })

  it("tries anew, with a new request, until the agent answers", async () => {
    const { guest, requests } = guestAnswering([unavailable, unavailable, 1])
    await configure(guest, 10_000)
    expect(new Set(requests).size).toBe(3)
  })

  it("tells a slow guest the time once more", async () => {
    const { guest, requests } = guestAnswering([200, 3, 3])
    await configure(guest, 1000)
    expect(requests).toHaveLength(2)
  })

  it("does not go on for ever with a guest that stays slow", async () => {
    const { guest, requests } = guestAnswering(Array.from({ length: 10 }, () => 200))
    await configure(guest, 1000)
    expect(requests).toHaveLength(6)
  })

  it("gives up at the deadline, and at once when the agent refuses", async () => {
    const { guest } = guestAnswering([unavailable])
    await expect(configure(guest, -1)).rejects.toMatchObject({ code: "deadline_exceeded" })
    const refusing = guestAnswering([new PlatformError("unauthenticated", "wrong token"), 1])
    await expect(configure(refusing.guest, 1000)).rejects.toMatchObject({ code: "unauthenticated" })
    expect(refusing.requests).toHaveLength(1)
  })
})
