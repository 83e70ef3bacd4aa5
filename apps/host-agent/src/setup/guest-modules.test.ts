import { expect, it } from "vitest"

import { moduleName, parseModuleDependencies, planGuestModules } from "./guest-modules.ts"

const FILES = [
  "kernel/drivers/net/net_failover.ko",
  "kernel/drivers/net/virtio_net.ko",
  "kernel/net/core/failover.ko",
  "kernel/drivers/block/virtio_blk.ko",
  "kernel/drivers/virtio/virtio.ko",
  "kernel/drivers/virtio/virtio_mmio.ko",
  "kernel/drivers/virtio/virtio_ring.ko",
  "kernel/drivers/char/hw_random/virtio-rng.ko",
]
const BUILTIN = "kernel/fs/ext4/ext4.ko\nkernel/drivers/char/hw_random/rng-core.ko\n"

it("planGuestModules() orders the files and leaves out what is built in", () => {
  const paths = planGuestModules({ files: FILES, builtin: BUILTIN, dependencies: new Map() })
  expect(paths.map(moduleName)).toEqual([
    "virtio_ring",
    "virtio",
    "virtio_mmio",
    "virtio_blk",
    "failover",
    "net_failover",
    "virtio_net",
    "virtio_rng",
  ])
})

it("planGuestModules() names a missing module", () => {
  const files = FILES.filter((file) => !file.includes("virtio_blk"))
  expect(() => planGuestModules({ files, builtin: BUILTIN, dependencies: new Map() })).toThrow(
    /no module "virtio_blk"/,
  )
})

it("planGuestModules() refuses an order that a module's needs are not met by", () => {
  const dependencies = new Map([["virtio_mmio", ["virtio", "new_bus"]]])
  expect(() => planGuestModules({ files: FILES, builtin: BUILTIN, dependencies })).toThrow(/needs "new_bus"/)
})

it.each([
  ["license=GPL\0depends=virtio,virtio_ring\0name=x\0", ["virtio", "virtio_ring"]],
  ["license=GPL\0depends=\0name=x\0", []],
  ["license=GPL\0", []],
])("parseModuleDependencies() reads %j", (text, expected) => {
  expect(parseModuleDependencies(Buffer.from(text))).toEqual(expected)
})
