import { describe, expect, test } from "vitest"

import { HostDestroys } from "./host-destroys.ts"

describe("HostDestroys", () => {
  test("at most 16 are under way, each once, and one that hangs holds up nobody", async () => {
    const destroys = new HostDestroys()
    const started: string[] = []
    const hanging = Promise.withResolvers<void>()
    const start = (id: string, destroy: Promise<void>) =>
      destroys.start(id, () => {
        started.push(id)
        return destroy
      })
    start("hanging", hanging.promise)
    start("hanging", hanging.promise)
    for (let index = 0; index < 40; index++) start(String(index), Promise.resolve())
    expect(started).toHaveLength(16)
    await expect.poll(() => started).toHaveLength(41)
    await expect.poll(() => destroys.has("39")).toBe(false)
    expect(destroys.has("hanging")).toBe(true)
    hanging.resolve()
    await destroys.close()
    expect(destroys.has("hanging")).toBe(false)
  })

  test("closing drops what waits and waits for what is under way", async () => {
    const destroys = new HostDestroys()
    const held = Promise.withResolvers<void>()
    for (let index = 0; index < 20; index++) destroys.start(String(index), () => held.promise)
    const closed = destroys.close()
    expect([destroys.has("0"), destroys.has("19")]).toEqual([true, false])
    held.resolve()
    await closed
    expect(destroys.has("0")).toBe(false)
  })
})
