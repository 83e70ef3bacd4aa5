import { ON_TIMEOUT, SANDBOX_STATUSES, canFollow, type SandboxStatus } from "@thaw/model"
import {
  assert as assertProperty,
  boolean,
  constantFrom,
  integer,
  option,
  property,
  record,
} from "fast-check"
import { describe, expect, test } from "vitest"

import type { SandboxRecord } from "../db/sandbox-row.ts"
import type { HostSandbox } from "../hosts/host-sandbox.ts"
import { ID, NOW, row, seen } from "./_sync-state.ts"
import { planSync, type SyncAction } from "./plan-sync.ts"

interface World {
  readonly row: SandboxRecord
  readonly host: HostSandbox | undefined
}

const RUNS = 5_000
const status = constantFrom(...SANDBOX_STATUSES)
const time = integer({ min: -5, max: 5 }).map((sec) => new Date(NOW.getTime() + sec * 1000))
const maybe = { nil: undefined }

const rows = record({
  status,
  reason: option(constantFrom("timeout reached", "deleted"), maybe),
  onTimeout: constantFrom(...ON_TIMEOUT),
  timeoutSec: constantFrom(0, 300),
  startedAt: option(time, maybe),
  updatedAt: time,
  expiresAt: option(time, maybe),
  hostChangedAt: option(time, maybe),
}).map(({ status: from, ...more }) => row(from, more))

const hosts = option(
  record({
    status,
    reason: option(constantFrom("killed"), maybe),
    onTimeout: constantFrom(...ON_TIMEOUT),
    timeoutSec: constantFrom(0, 300),
    changedAt: time,
    expiresAt: option(time, maybe),
  }).map(({ status: to, ...more }) => seen(to, more)),
  maybe,
)

const views = record({ isComplete: boolean(), interruptedBefore: time })

function plan({ row: from, host }: World, view: { isComplete: boolean; interruptedBefore: Date }) {
  return planSync({
    rows: [from],
    hostSandboxes: new Map(host === undefined ? [] : [[ID, host]]),
    isInFlight: () => false,
    now: NOW,
    ...view,
  })
}

/** What a plan makes of the world, checked on the way */
function apply(world: World, action: SyncAction): World {
  switch (action.kind) {
    case "settle": {
      let from: SandboxStatus = world.row.status
      for (const to of action.route) {
        if (!canFollow(from, to)) throw new Error(`"${to}" cannot follow "${from}"`)
        from = to
      }
      const settled = {
        ...world.row,
        status: from,
        reason: action.reason,
        updatedAt: NOW,
        ...action.lifetime,
        ...(action.expiresAt === undefined ? {} : { expiresAt: action.expiresAt ?? undefined }),
        ...(action.hostChangedAt === undefined ? {} : { hostChangedAt: action.hostChangedAt }),
      }
      return { row: settled, host: action.acknowledge === true ? undefined : world.host }
    }
    case "follow":
      return { ...world, row: { ...world.row, ...action.lifetime } }
    case "finish-destroy":
      return { row: { ...world.row, status: "stopped" }, host: undefined }
    case "remove-leftover":
      return { ...world, host: undefined }
  }
}

describe("planSync()", () => {
  test("only goes from one status to another that may follow it, and has nothing to say twice", () => {
    assertProperty(
      property(rows, hosts, views, (from, host, view) => {
        // A host is asked only after the row became `starting`.
        const world = { row: from, host: from.status === "pending" ? undefined : host }
        const [action, ...more] = plan(world, view)
        expect(more).toEqual([])
        if (action === undefined) return
        const after = apply(world, action)
        expect(plan(after, view)).toEqual([])
      }),
      { numRuns: RUNS },
    )
  })

  test("never gives up what is paused because the host does not list it", () => {
    assertProperty(
      property(rows, views, (from, view) => {
        expect(plan({ row: { ...from, status: "paused" }, host: undefined }, view)).toEqual([])
      }),
    )
  })
})
