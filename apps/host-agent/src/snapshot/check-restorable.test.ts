import { expect, it } from "vitest"

import { checkRestorable } from "./check-restorable.ts"

const vmm = { name: "qemu", version: "7.2.13", accelerator: "tcg" } as const

it("accepts the VMM that froze it and names both otherwise", () => {
  const manifest = { id: "0123456789abcdef", vmm }
  checkRestorable(manifest, { ...vmm })
  for (const other of [
    { ...vmm, version: "8.0.0" },
    { ...vmm, accelerator: "kvm" as const },
  ]) {
    expect(() => checkRestorable(manifest, other)).toThrow(
      expect.objectContaining({
        code: "wrong_state",
        message: `snapshot "0123456789abcdef" was frozen by qemu 7.2.13 with tcg, this host runs qemu ${other.version} with ${other.accelerator}`,
      }),
    )
  }
})
