import { createHash, randomBytes } from "node:crypto"
import { readFile } from "node:fs/promises"

import { openHostAgentClient } from "@thaw/rpc"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

import { ApiError } from "./_api.ts"
import { startTestPlatform, type TestPlatform } from "./_platform.ts"
import { hostAgentOf } from "./_host-agent-client.ts"

const MIB = 1024 * 1024

describe("a sandbox through the REST API", () => {
  let platform: TestPlatform
  beforeAll(async () => {
    platform = await startTestPlatform()
  })
  afterAll(async () => await platform[Symbol.asyncDispose]())

  it("is created, runs a command and leaves nothing when it is deleted", async () => {
    const { api } = platform
    const before = await platform.ledger()
    const startedAt = performance.now()
    const sandbox = await api.create({ metadata: { purpose: "test" }, envs: { GREETING: "hello" } })
    const createMs = performance.now() - startedAt
    expect(sandbox).toMatchObject({
      status: "running",
      template: "base",
      vcpus: 1,
      memory_mib: 512,
      timeout_sec: 300,
    })

    const result = await api.exec(sandbox.id, "python3", ["-c", "print(6*7)"])
    expect(result).toMatchObject({ exit_code: 0, stdout: "42\n", stderr: "" })
    const firstExecMs = performance.now() - startedAt
    expect(await api.shell(sandbox.id, "echo $GREETING; hostname; whoami; cat /proc/1/comm")).toBe(
      `hello\n${sandbox.id}\nuser\nguest-agent\n`,
    )
    await reportSteps(platform, sandbox.id, { createMs, firstExecMs })

    await api.delete(sandbox.id)
    expect(await api.get(sandbox.id)).toMatchObject({ status: "stopped" })
    // Slots are kept ready for the next sandbox; everything else is as it was.
    const after = await platform.ledger()
    expect(after.vmmProcesses).toEqual([])
    expect(after.files).toEqual([])
    expect(after.namespaces.length).toBeLessThanOrEqual(Math.max(before.namespaces.length, 2) + 1)
  })

  it("has the size that was asked for", async () => {
    const { api } = platform
    const { id } = await api.create({ vcpus: 2, memory_mib: 256 })
    expect(await api.shell(id, "nproc")).toBe("2\n")
    const totalKib = Number((await api.shell(id, "grep MemTotal /proc/meminfo")).match(/\d+/)?.[0])
    expect(totalKib).toBeGreaterThan(180 * 1024)
    expect(totalKib).toBeLessThan(256 * 1024)
    await api.delete(id)
  })

  it("has a right clock, a machine id of its own and sudo", async () => {
    const { api } = platform
    const [one, two] = await Promise.all([api.create(), api.create()])
    const identities = await Promise.all(
      [one, two].map(async ({ id }) => await api.shell(id, "cat /etc/machine-id; sudo id -u; date +%s")),
    )
    const [first, second] = identities.map((text) => text.split("\n"))
    expect(first?.[0]).toMatch(/^[0-9a-f]{32}$/)
    expect(first?.[0]).not.toBe(second?.[0])
    expect(first?.[1]).toBe("0")
    expect(Math.abs(Number(first?.[2]) - Date.now() / 1000)).toBeLessThan(5)
    await Promise.all([api.delete(one.id), api.delete(two.id)])
  })

  it("takes and gives back 200 MiB unchanged while the control plane stays small", async () => {
    const { api } = platform
    const { id } = await api.create({ memory_mib: 1024 })
    const content = randomBytes(200 * MIB)
    const sha256 = createHash("sha256").update(content).digest("hex")
    const form = new FormData()
    form.append("path", "/home/user/random.bin")
    form.append("file", new Blob([content]), "random.bin")
    const upload = await api.fetch("POST", `/v1/sandboxes/${id}/files/write`, form)
    expect(upload.status, await upload.clone().text()).toBe(200)
    const hash = await api.shell(id, "sha256sum /home/user/random.bin", { timeout_sec: 120 })
    expect(hash.split(" ")[0]).toBe(sha256)

    const download = await api.fetch(
      "POST",
      `/v1/sandboxes/${id}/files/read`,
      JSON.stringify({ path: "random.bin" }),
      {
        "content-type": "application/json",
      },
    )
    const received = createHash("sha256")
    for await (const chunk of download.body as AsyncIterable<Uint8Array>) received.update(chunk)
    expect(received.digest("hex")).toBe(sha256)

    const peakMib = await peakMemoryMib(platform.controlPlane.pid)
    process.stdout.write(`control plane's peak memory after 200 MiB each way: ${peakMib} MiB\n`)
    expect(peakMib).toBeLessThan(300)
    await api.delete(id)
  })

  it("answers no caller without its token", async () => {
    using stranger = openHostAgentClient({ baseUrl: platform.hostAgentUrl, token: "not the token at all" })
    await expect(stranger.listSandboxes({})).rejects.toMatchObject({ code: "unauthenticated" })
    await expect(stranger.destroySandbox({ sandboxId: "../images" })).rejects.toMatchObject({
      code: "unauthenticated",
    })
    using agent = await hostAgentOf(platform)
    await expect(agent.destroySandbox({ sandboxId: "../images" })).rejects.toMatchObject({
      code: "invalid_argument",
    })
  })

  it("refuses more than the host has, by name", async () => {
    const { api } = platform
    await expect(api.create({ vcpus: 1000 })).rejects.toMatchObject({ status: 400 })
    await expect(api.create({ memory_mib: 16_000_000 })).rejects.toMatchObject({ status: 400 })
    const error = await api.create({ template: "absent" }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ApiError)
    expect(error).toMatchObject({ status: 404, body: { error: { code: "not_found" } } })
  })
})

async function reportSteps(
  platform: TestPlatform,
  id: string,
  times: { readonly createMs: number; readonly firstExecMs: number },
): Promise<void> {
  using agent = await hostAgentOf(platform)
  const { sandboxes } = await agent.listSandboxes({})
  const steps = sandboxes.find(({ spec }) => spec?.sandboxId === id)?.startSteps ?? []
  expect(steps.map(({ name }) => name)).toEqual([
    "record",
    "template",
    "slot",
    "rootfs",
    "memory",
    "vmm",
    "prefetch",
    "confirm",
  ])
  const text = steps.map(({ name, durationMs }) => `${name} ${durationMs} ms`).join(", ")
  process.stdout.write(`create, first of its size: ${Math.round(times.createMs)} ms (${text}); `)
  process.stdout.write(`to the end of the first exec ${Math.round(times.firstExecMs)} ms\n`)
}

async function peakMemoryMib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8")
  return Math.round(Number(status.match(/VmHWM:\s+(\d+)/)?.[1]) / 1024)
}
