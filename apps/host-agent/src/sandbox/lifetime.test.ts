import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"

import { Lifetime } from "./lifetime.ts"

const TIMEOUT_SEC = 100
const TIMEOUT_MS = TIMEOUT_SEC * 1000

describe("Lifetime", () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_000_000 })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  function start(timeoutSec = TIMEOUT_SEC) {
    const onOver = vi.fn()
    const onMoved = vi.fn()
    return { onOver, onMoved, lifetime: new Lifetime({ timeoutSec, onOver, onMoved }) }
  }

  it("is over once, that long after its start", () => {
    const { onOver, lifetime } = start()
    expect(lifetime.expiresAtMs).toBe(Date.now() + TIMEOUT_MS)
    vi.advanceTimersByTime(TIMEOUT_MS - 1)
    expect(onOver).not.toHaveBeenCalled()
    vi.advanceTimersByTime(10 * TIMEOUT_MS)
    expect(onOver).toHaveBeenCalledTimes(1)
  })

  it("counts from the last activity", () => {
    const { onOver, lifetime } = start()
    for (let round = 0; round < 5; round++) {
      vi.advanceTimersByTime(TIMEOUT_MS - 1)
      lifetime.touch()
    }
    expect(onOver).not.toHaveBeenCalled()
    vi.advanceTimersByTime(TIMEOUT_MS)
    expect(onOver).toHaveBeenCalledTimes(1)
  })

  it("is never over while an activity goes on", () => {
    const { onOver, lifetime } = start()
    const one = lifetime.hold()
    const other = lifetime.hold()
    vi.advanceTimersByTime(5 * TIMEOUT_MS)
    one[Symbol.dispose]()
    one[Symbol.dispose]()
    vi.advanceTimersByTime(5 * TIMEOUT_MS)
    expect(onOver).not.toHaveBeenCalled()
    expect(lifetime.expiresAtMs).toBe(Date.now() + TIMEOUT_MS)
    other[Symbol.dispose]()
    vi.advanceTimersByTime(TIMEOUT_MS)
    expect(onOver).toHaveBeenCalledTimes(1)
  })

  it("tells of an end that has moved, but not of every move", () => {
    const { onMoved, lifetime } = start()
    for (let second = 0; second < TIMEOUT_SEC; second++) {
      vi.advanceTimersByTime(1000)
      lifetime.touch()
    }
    expect(onMoved.mock.calls.length).toBe(20)
  })

  it("without a limit is never over", () => {
    const { onOver, lifetime } = start(0)
    using _held = lifetime.hold()
    vi.advanceTimersByTime(365 * 24 * 3600 * 1000)
    expect(lifetime.expiresAtMs).toBe(0)
    expect(onOver).not.toHaveBeenCalled()
  })

  it("may be given another end, and goes on while what was held before is", () => {
    const { onOver, lifetime } = start()
    const held = lifetime.hold()
    lifetime.restart(1)
    expect(lifetime.expiresAtMs).toBe(Date.now() + 1000)
    vi.advanceTimersByTime(TIMEOUT_MS)
    expect(onOver).not.toHaveBeenCalled()
    held[Symbol.dispose]()
    vi.advanceTimersByTime(1000)
    expect(onOver).toHaveBeenCalledTimes(1)
  })

  it.each([0, 2 * TIMEOUT_SEC])("forgets its old end when it gets %i s", (timeoutSec) => {
    const { onOver, lifetime } = start()
    lifetime.restart(timeoutSec)
    vi.advanceTimersByTime(2 * TIMEOUT_MS - 1)
    expect(onOver).not.toHaveBeenCalled()
    expect(lifetime.confirmOver()).toBe(false)
  })

  it("is not over when something has happened since that was told, and is told again", () => {
    const { onOver, lifetime } = start()
    vi.advanceTimersByTime(TIMEOUT_MS)
    expect(onOver).toHaveBeenCalledTimes(1)
    expect(lifetime.confirmOver()).toBe(true)
    const held = lifetime.hold()
    expect(lifetime.confirmOver()).toBe(false)
    vi.advanceTimersByTime(TIMEOUT_MS)
    held[Symbol.dispose]()
    expect(onOver).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(TIMEOUT_MS)
    expect(onOver).toHaveBeenCalledTimes(2)
  })

  it("is called off when it is disposed", () => {
    const { onOver, lifetime } = start()
    lifetime[Symbol.dispose]()
    vi.advanceTimersByTime(2 * TIMEOUT_MS)
    expect(onOver).not.toHaveBeenCalled()
  })
})
