import { readFile } from "node:fs/promises"

import { expect, it } from "vitest"

import { fail, ok, warn } from "./finding.ts"
import { findDroppingChains } from "./forward-check.ts"
import { kvmCheck } from "./kvm-check.ts"
import { checkMemory, checkNode } from "./machine-checks.ts"
import { judgeUserfaultfd, memoryChecks } from "./memory-checks.ts"
import { listMissingPackages } from "./package-check.ts"
import { formatFindings, isHealthy, runChecks } from "./run-checks.ts"

it("a warning does not make the machine unfit, a failure does", async () => {
  const findings = await runChecks([
    { name: "a", look: () => ok("fine") },
    { name: "bb", look: () => warn("slow", "buy a faster one") },
  ])
  expect(isHealthy(findings)).toBe(true)
  expect(formatFindings(findings)).toBe("✓ a   fine\n! bb  slow\n      → buy a faster one\n")
  expect(isHealthy([...findings, { name: "c", ...fail("no", "yes") }])).toBe(false)
})

it("a check that throws is a failure of its own", async () => {
  const [finding] = await runChecks([
    {
      name: "a",
      look: () => {
        throw new Error("boom")
      },
    },
  ])
  expect(finding).toMatchObject({ status: "fail", finding: "the check itself failed: boom" })
})

it("KVM is warned of unless a guest ran", async () => {
  const probeWith = (accelerator: "kvm" | "tcg") =>
    kvmCheck({
      kernel: "/proc/self/exe",
      probe: () => Promise.resolve({ accelerator, finding: "tried" }),
    }).look()
  expect(await probeWith("kvm")).toMatchObject({ status: "ok" })
  expect(await probeWith("tcg")).toMatchObject({ status: "warn", finding: "tried" })
  const withoutKernel = kvmCheck({
    kernel: "/nonexistent",
    probe: () => Promise.reject(new Error("not asked")),
  })
  expect(await withoutKernel.look()).toMatchObject({ status: "warn" })
})

it("names the packages that dpkg does not call installed", () => {
  expect(listMissingPackages(["a", "b", "c"], "a installed\nb config-files\n")).toEqual(["b", "c"])
})

it("names the chains that drop what is forwarded", () => {
  const chain = { family: "ip", table: "filter", name: "FORWARD", hook: "forward", policy: "drop" }
  const chains = [
    chain,
    { ...chain, family: "inet", table: "ufw" },
    { ...chain, family: "ip6" },
    { ...chain, name: "INPUT", hook: "input" },
    { ...chain, table: "thaw-ab12", policy: "accept" },
    { family: "ip", table: "filter", name: "DOCKER-USER", handle: 3 },
  ]
  const json = { nftables: [{ metainfo: { version: "1.0.6" } }, ...chains.map((chain) => ({ chain }))] }
  expect(findDroppingChains(JSON.stringify(json))).toEqual(["ip filter FORWARD", "inet ufw FORWARD"])
  expect(findDroppingChains('{"nftables": []}')).toEqual([])
})

it("judges numbers of the machine", () => {
  expect(checkNode("24.1.0").status).toBe("ok")
  expect(checkNode("20.9.0").status).toBe("fail")
  expect(checkMemory(4096, 100).status).toBe("ok")
  expect(checkMemory(1024, 1000).status).toBe("warn")
})

it("takes a userfaultfd that cannot serve a VM's memory for a failure", () => {
  const probe = { source: "device", handlesKernelFaults: true, servesSharedMemory: true } as const
  expect(judgeUserfaultfd(probe)).toMatchObject({ status: "ok", finding: expect.stringContaining("/dev/") })
  expect(judgeUserfaultfd({ ...probe, source: "syscall" })).toMatchObject({ status: "ok" })
  for (const bad of [
    judgeUserfaultfd({ ...probe, servesSharedMemory: false }),
    judgeUserfaultfd({ ...probe, source: "syscall", handlesKernelFaults: false }),
  ]) {
    expect(bad).toMatchObject({ status: "fail", advice: expect.stringMatching(/./) })
  }
})

it("looks at what restoring memory needs without leaving anything, whatever this machine allows", async () => {
  const findings = await runChecks(memoryChecks())
  const names = ["userfaultfd", "/dev/userfaultfd", "tmpfs", "system calls"]
  expect(findings.map(({ name }) => name)).toEqual(names)
  expect(formatFindings(findings)).not.toContain("the check itself failed")
  expect(findings.filter(({ status, advice }) => status !== "ok" && advice === undefined)).toEqual([])
  expect(await readFile("/proc/self/mountinfo", "utf8")).not.toContain("thaw-doctor-")
})
