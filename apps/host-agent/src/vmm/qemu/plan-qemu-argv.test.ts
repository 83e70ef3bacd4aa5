import { describe, expect, it } from "vitest"

import { slotAddresses, toSlotIndex } from "../../network/slot-addresses.ts"
import type { VmSpec } from "../vmm.ts"
import { planBootArgv, planRestoreArgv } from "./plan-qemu-argv.ts"

const spec: VmSpec = {
  sandboxId: "sbxaaaaaaaaaaaaaaaaa",
  vcpus: 2,
  memoryMib: 512,
  slot: slotAddresses(toSlotIndex(7)),
  rootfs: { format: "qcow2", path: "/data/a,b/rootfs.qcow2" },
  kernel: "/k/vmlinuz",
  initramfs: "/k/initramfs",
  directory: "/data/a,b",
  memoryPath: "/run/memory/a,b",
  runDir: "/run/vmm/a,b",
}

function valueAfter(argv: readonly string[], option: string): string | undefined {
  return argv[argv.indexOf(option) + 1]
}

describe("planBootArgv()", () => {
  const argv = planBootArgv(spec, { accelerator: "tcg", qmpSocketPath: "/data/a,b/qmp.sock" })

  it.each([
    ["-name", "thaw-sbxaaaaaaaaaaaaaaaaa"],
    ["-M", "microvm,acpi=on,rtc=on,memory-backend=mem"],
    ["-accel", "tcg,thread=multi"],
    ["-smp", "2"],
    ["-m", "512M"],
    ["-kernel", "/k/vmlinuz"],
    ["-initrd", "/k/initramfs"],
    ["-netdev", "tap,id=net0,ifname=tap0,script=no,downscript=no"],
    ["-runas", "810007:810007"],
    ["-sandbox", "on,obsolete=deny,elevateprivileges=allow,spawn=deny,resourcecontrol=deny"],
  ])("gives %s the value %s", (option, value) => {
    expect(valueAfter(argv, option)).toBe(value)
  })

  it("passes the disk as JSON, so that no character of its path has a meaning", () => {
    expect(JSON.parse(valueAfter(argv, "-blockdev") ?? "")).toMatchObject({
      driver: "qcow2",
      file: { driver: "file", filename: "/data/a,b/rootfs.qcow2" },
    })
  })

  it("names what the disk is built on, for QEMU not to ask the disk", () => {
    const backing = { format: "raw", path: "/templates/base/rootfs.ext4" } as const
    const overlay = { ...spec, rootfs: { ...spec.rootfs, backing } }
    const overlayArgv = planBootArgv(overlay, { accelerator: "tcg", qmpSocketPath: "/q" })
    expect(JSON.parse(valueAfter(overlayArgv, "-blockdev") ?? "")).toMatchObject({
      backing: { driver: "raw", "read-only": true, file: { driver: "file", filename: backing.path } },
    })
  })

  it("keeps the guest's memory in a file that others can map", () => {
    expect(valueAfter(argv, "-object")).toBe(
      "memory-backend-file,id=mem,size=512M,mem-path=/run/memory/a,,b,share=on",
    )
  })

  it("doubles commas in the monitor's path", () => {
    expect(argv).toContain("socket,id=qmp,path=/data/a,,b/qmp.sock,server=on,wait=off")
  })

  it("keeps the console in memory and the machine without defaults", () => {
    expect(argv).toContain("ringbuf,id=console,size=65536")
    expect(argv).toEqual(
      expect.arrayContaining(["-nodefaults", "-no-user-config", "-no-reboot", "-no-shutdown"]),
    )
  })

  it("uses the host's CPU model under KVM", () => {
    const kvm = planBootArgv(spec, { accelerator: "kvm", qmpSocketPath: "/q" })
    expect(valueAfter(kvm, "-accel")).toBe("kvm")
    expect(valueAfter(kvm, "-cpu")).toBe("host")
  })
})

describe("planRestoreArgv()", () => {
  it("is the same machine, standing still, without what only a boot needs", () => {
    const choice = { accelerator: "tcg", qmpSocketPath: "/q" } as const
    const paths = { statePath: "/s/vmstate", pagerSocketPath: "/p", preloadLibrary: "/l.so" }
    const restored = planRestoreArgv({ ...spec, ...paths }, choice)
    const booted = planBootArgv(spec, choice)
    const bootOnly = ["-kernel", spec.kernel, "-initrd", spec.initramfs, "-append", booted.at(-1)]
    expect(booted.slice(-6)).toEqual(bootOnly)
    expect(restored).toEqual([...booted.slice(0, -6), "-S", "-incoming", "defer"])
  })
})
