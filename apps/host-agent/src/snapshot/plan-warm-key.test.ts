import { expect, it } from "vitest"

import { planWarmKey } from "./plan-warm-key.ts"

const subject = {
  template: "base",
  buildId: "0123456789abcdef",
  vcpus: 2,
  memoryMib: 512,
  vmm: { name: "qemu", version: "7.2.13 (Debian 1:7.2/x)", accelerator: "tcg" },
  artifacts: "one",
} as const

it("is another for every part, and always a plain file name", () => {
  const subjects = [
    subject,
    { ...subject, template: "a".repeat(64) },
    { ...subject, buildId: "0123456789abcdeg" },
    { ...subject, vcpus: 1 },
    { ...subject, memoryMib: 256 },
    { ...subject, vmm: { ...subject.vmm, version: "7.2.14" } },
    { ...subject, vmm: { ...subject.vmm, accelerator: "kvm" as const } },
    { ...subject, artifacts: "two" },
  ]
  const keys = subjects.map(planWarmKey)
  expect(new Set(keys).size).toBe(keys.length)
  for (const key of keys) expect(key).toMatch(/^[A-Za-z0-9._~-]{1,200}$/)
  expect(keys[0]).toMatch(/^base~0123456789abcdef~2x512~tcg-[0-9a-f]{16}$/)
})
