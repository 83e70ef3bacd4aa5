import { expect, it } from "vitest"

import { EMULATED_KERNEL_ARGS, KERNEL_ARGS, planKernelArgs } from "./kernel-args.ts"

it("planKernelArgs() speaks of the counter only when its frequency is given", () => {
  expect(planKernelArgs({})).toEqual(KERNEL_ARGS)
  expect(planKernelArgs({ tscKhz: 2_596_132 })).toEqual([
    ...KERNEL_ARGS,
    ...EMULATED_KERNEL_ARGS,
    "tsc_early_khz=2596132",
  ])
})

it.each([0, -1, 1.5, Number.NaN])("planKernelArgs() refuses a frequency of %d", (tscKhz) => {
  expect(() => planKernelArgs({ tscKhz })).toThrow(RangeError)
})
