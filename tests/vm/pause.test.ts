import { afterAll, beforeAll, describe, expect, it } from "vitest"

import { startTestPlatform, type TestPlatform } from "./_platform.ts"

const CYCLES = 10

let platform: TestPlatform
beforeAll(async () => {
  platform = await startTestPlatform()
})
afterAll(async () => await platform[Symbol.asyncDispose]())

describe("pause and resume", () => {
  it("keep a process, its memory, files and connections over many cycles", async () => {
    const { api } = platform
    const { id } = await api.create()
    await api.shell(id, START)
    const hashes = await api.shell(id, "sha256sum ~/disk /tmp/shm/random ~/half")
    let count = 0
    for (let cycle = 0; cycle < CYCLES; cycle++) {
      const paused = await api.pause(id)
      expect(paused).toMatchObject({ status: "paused", template: "base", vcpus: 1, memory_mib: 512 })
      const { pause } = paused
      process.stdout.write(
        `pause ${cycle}: ${JSON.stringify(pause?.steps.map((s) => `${s.name} ${s.duration_ms}`))} stop ${pause?.stop_ms} durable ${pause?.durable_ms} bytes ${pause?.bytes_written}\n`,
      )
      const startedAt = performance.now()
      await api.resume(id)
      const resumeMs = performance.now() - startedAt
      const next = Number(await api.shell(id, "cat ~/count"))
      process.stdout.write(
        `resume ${Math.round(resumeMs)} ms, to first exec ${Math.round(performance.now() - startedAt)} ms\n`,
      )
      expect(next).toBeGreaterThanOrEqual(count)
      count = next
      expect(await api.shell(id, "sha256sum ~/disk /tmp/shm/random ~/half")).toBe(hashes)
    }
    await api.delete(id)
    const after = await platform.ledger()
    expect(after.files).toEqual([])
    expect(after.vmFiles).toEqual([])
  })
})

const START = `
head -c 67108864 /dev/urandom > ~/disk
sudo mkdir -p /tmp/shm && sudo mount -t tmpfs -o mode=1777 tmpfs /tmp/shm
head -c 67108864 /dev/urandom > /tmp/shm/random
echo half > ~/half
nohup python3 -c '
import time
n = 0
while True:
    n += 1
    open("/home/user/count.new", "w").write(str(n))
    import os; os.rename("/home/user/count.new", "/home/user/count")
    time.sleep(0.05)
' > /dev/null 2>&1 &
sleep 0.5
`
