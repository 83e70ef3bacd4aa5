import { expect, it } from "vitest"

import { KERNEL_ARGS, planKernelArgs } from "./kernel-args.ts"

it("planKernelArgs() names the counter's frequency only when it is given", () => {
  expect(planKernelArgs({})).toEqual(KERNEL_ARGS)
  expect(planKernelArgs({ tscKhz: 2_596_132 }).at(-1)).toBe("tsc_early_khz=2596132")
})

it.each([0, -1, 1.5, Number.NaN])("planKernelArgs() refuses a frequency of %d", (tscKhz) => {
  expect(() => planKernelArgs({ tscKhz })).toThrow(RangeError)
})
