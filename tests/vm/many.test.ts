import { expect, it } from "vitest"

import { startTestPlatform } from "./_platform.ts"

const ONE_AFTER_THE_OTHER = 20
const AT_A_TIME = 4
const ROUNDS = 3

it(
  `${ONE_AFTER_THE_OTHER} sandboxes one after the other, then ${AT_A_TIME} at a time: none fails, nothing leaks`,
  { timeout: 600_000 },
  async () => {
    await using platform = await startTestPlatform()
    const { api } = platform
    const bootMs: number[] = []
    const useOne = async (mark: string) => {
      const startedAt = performance.now()
      const { id } = await api.create({ memory_mib: 256 })
      expect(await api.shell(id, `echo ${mark} > ~/mark && cat ~/mark`)).toBe(`${mark}\n`)
      bootMs.push(performance.now() - startedAt)
      await api.delete(id)
    }
    for (let round = 0; round < ONE_AFTER_THE_OTHER; round++) await useOne(`one-${round}`)
    const sorted = bootMs.toSorted((one, other) => one - other)
    process.stdout.write(`create to first exec, one at a time, emulated or not: `)
    process.stdout.write(
      `p50 ${Math.round(sorted[sorted.length >> 1] ?? 0)} ms, max ${Math.round(sorted.at(-1) ?? 0)} ms\n`,
    )
    for (let round = 0; round < ROUNDS; round++) {
      await Promise.all(
        Array.from({ length: AT_A_TIME }, async (_, index) => await useOne(`many-${round}-${index}`)),
      )
    }
    const after = await platform.ledger()
    expect(after.vmmProcesses).toEqual([])
    expect(after.files).toEqual([])
  },
)
