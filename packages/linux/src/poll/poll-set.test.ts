import { describe, expect, it } from "vitest"

import { closeDescriptor } from "../libc/close-descriptor.ts"
import { drainEvent, openEventDescriptor, signalEvent } from "./event-descriptor.ts"
import { PollSet } from "./poll-set.ts"

const MANY = 40

describe("PollSet", () => {
  it("waits for as many descriptors as it is given, and says which can be read", () => {
    const fds = Array.from({ length: MANY }, openEventDescriptor)
    const set = new PollSet()
    for (const fd of [...fds, ...fds]) set.add(fd)
    expect(set.wait(0)).toEqual([])
    const [first = -1, second = -1] = fds
    const last = fds.at(-1) ?? -1
    for (const fd of [second, last]) signalEvent(fd)
    expect(set.wait(-1)).toEqual([second, last])
    expect(drainEvent(second)).toBe(true)
    expect(drainEvent(second)).toBe(false)
    expect(set.wait(0)).toEqual([last])
    set.remove(first)
    set.remove(first)
    expect(set.wait(0)).toEqual([last])
    set.remove(last)
    expect(set.wait(1)).toEqual([])
    for (const fd of fds) closeDescriptor(fd)
    expect(set.wait(0)).toHaveLength(MANY - 2)
    // Closed is another thing than in error.
    expect(set.isInError(second)).toBe(false)
    expect(set.isInError(first)).toBe(false)
  })

  it("ends by its time limit when it is empty", () => {
    expect(new PollSet().wait(1)).toEqual([])
  })
})
