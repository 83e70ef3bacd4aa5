import fc from "fast-check"
import { describe, expect, it } from "vitest"

import {
  NEXT_STATUSES,
  SANDBOX_ACTIONS,
  SANDBOX_STATUSES,
  canDo,
  canFollow,
  isFinal,
  toSandboxStatus,
  type SandboxStatus,
} from "./status.ts"

const status = fc.constantFrom(...SANDBOX_STATUSES)

describe("the table of statuses", () => {
  it("lets every sandbox be ended, and nothing follow the end", () => {
    for (const from of SANDBOX_STATUSES) {
      expect(canFollow(from, "stopped") || isFinal(from)).toBe(true)
      expect(canDo("delete", from)).toBe(!isFinal(from))
    }
    expect(NEXT_STATUSES.stopped).toEqual([])
  })

  it("lets a failed pause run on and a failed resume stay paused", () => {
    expect(canFollow("pausing", "running")).toBe(true)
    expect(canFollow("resuming", "paused")).toBe(true)
  })

  it("allows the guest's actions in `running` only", () => {
    expect(SANDBOX_ACTIONS.exec).toEqual(["running"])
    expect(SANDBOX_ACTIONS.files).toEqual(["running"])
  })

  it("does not come back to life, whatever is asked of it in whatever order", () => {
    fc.assert(
      fc.property(fc.array(status, { maxLength: 60 }), (wishes) => {
        const life = livedThrough(wishes)
        const end = life.findIndex(isFinal)
        expect(life.slice(end + 1).every((status) => end === -1 || isFinal(status))).toBe(true)
      }),
    )
  })
})

/** The statuses a sandbox has when these are wished for one after the other */
function livedThrough(wishes: readonly SandboxStatus[]): SandboxStatus[] {
  const life: SandboxStatus[] = ["pending"]
  for (const wish of wishes) {
    const current = life.at(-1) ?? "pending"
    life.push(canFollow(current, wish) ? wish : current)
  }
  return life
}

describe("toSandboxStatus()", () => {
  it("narrows text", () => {
    expect(toSandboxStatus("running")).toBe("running")
    expect(toSandboxStatus("Running")).toBeUndefined()
    expect(toSandboxStatus("constructor")).toBeUndefined()
  })
})
