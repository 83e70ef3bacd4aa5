import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { afterEach, beforeEach, describe, expect, test } from "vitest"

import { toSlotIndex } from "./slot-addresses.ts"
import { openSlotClaims } from "./slot-claims.ts"

let dir: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "thaw-claims-"))
})

afterEach(async () => {
  await rm(dir, { recursive: true, force: true })
})

const slot = toSlotIndex(5)

describe("openSlotClaims()", () => {
  test("gives a slot to one of many that ask at once, and to the next after its release", async () => {
    const agents = await Promise.all(
      Array.from({ length: 8 }, (_unused, index) => openSlotClaims({ dir, dataDirId: `agent${index}` })),
    )
    const claims = await Promise.all(agents.map((agent) => agent.claim(slot)))
    const won = claims.filter((claim) => claim !== undefined)
    expect(won).toHaveLength(1)
    expect(await readdir(dir)).toEqual(["5"])
    await won[0]?.release()
    expect(await agents[0]?.claim(slot)).toBeDefined()
  })

  test("release() of an old claim does not take the slot from its new owner", async () => {
    const [first, second] = [
      await openSlotClaims({ dir, dataDirId: "first" }),
      await openSlotClaims({ dir, dataDirId: "second" }),
    ]
    const claim = await first.claim(slot)
    await claim?.release()
    await second.claim(slot)
    await claim?.release()
    expect(await second.listTaken()).toEqual(new Set([5]))
  })

  test("listUnadopted() shows what an earlier process of the same data directory left, until it is adopted", async () => {
    const earlier = await openSlotClaims({ dir, dataDirId: "mine" })
    const other = await openSlotClaims({ dir, dataDirId: "other" })
    await earlier.claim(toSlotIndex(300))
    await earlier.claim(slot)
    await other.claim(toSlotIndex(6))
    const claims = await openSlotClaims({ dir, dataDirId: "mine" })
    await claims.claim(toSlotIndex(7))
    expect(await claims.listUnadopted()).toEqual([5, 300])
    await claims.adopt(slot)
    expect(await claims.listUnadopted()).toEqual([300])
    expect(await claims.listTaken()).toEqual(new Set([5, 6, 7, 300]))
  })

  test("adopt() takes a claim that got lost anew, and never another's", async () => {
    const claims = await openSlotClaims({ dir, dataDirId: "mine" })
    const other = await openSlotClaims({ dir, dataDirId: "other" })
    await other.claim(toSlotIndex(6))
    expect(await claims.adopt(toSlotIndex(6))).toBeUndefined()
    expect(await claims.adopt(slot)).toBeDefined()
    await expect(claims.adopt(slot)).rejects.toThrow("held already")
    expect(await other.claim(slot)).toBeUndefined()
  })

  test("removes its own half-written files and ignores everything else in the directory", async () => {
    await Promise.all(
      [".mine.123", ".other.123", "note", "0", "99999", "07"].map((name) =>
        writeFile(join(dir, name), "mine\n"),
      ),
    )
    const claims = await openSlotClaims({ dir, dataDirId: "mine" })
    expect(await readdir(dir)).not.toContain(".mine.123")
    expect(await readdir(dir)).toContain(".other.123")
    expect(await claims.listTaken()).toEqual(new Set())
  })
})
