import { spawn } from "node:child_process"
import { createHash, randomBytes } from "node:crypto"
import { once } from "node:events"
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"

import { run } from "@thaw/linux"
import { readResourceLedger, type ResourceLedger } from "@thaw/testkit"
import { afterAll, beforeAll, expect, it } from "vitest"

import { freePort } from "./_free-port.ts"
import { ROOT, SHARED_DIR, assertSame } from "./_platform.ts"

const MIB = 1024 * 1024

interface Answer {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

let directory = ""
let dataDir = ""
let ports: readonly string[] = []
let before: ResourceLedger

/** The command as a user has it, on a data directory of its own */
async function thaw(words: readonly string[], stdin: string | Buffer = ""): Promise<Answer> {
  const child = spawn(join(ROOT, "thaw"), words, { env: { ...process.env, THAW_DATA_DIR: dataDir } })
  child.stdin.end(stdin)
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number | null]>,
  ])
  return { exitCode, stdout, stderr }
}

async function expectDone(words: readonly string[], stdin: string | Buffer = ""): Promise<string> {
  const { exitCode, stdout, stderr } = await thaw(words, stdin)
  expect(exitCode, stderr).toBe(0)
  return stdout
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "thaw-cli-test-"))
  dataDir = join(directory, "data")
  await mkdir(dataDir)
  // Hard links: the steps of the set-up find everything done, and nothing is written twice.
  const shared = [join(SHARED_DIR, "artifacts"), join(SHARED_DIR, "templates")]
  await run(["cp", "-al", ...shared, dataDir], { timeoutMs: 60_000 })
  before = await readResourceLedger(dataDir)
  ports = ["--port", String(await freePort()), "--agent-port", String(await freePort())]
})
afterAll(async () => {
  await thaw(["down", "--destroy"])
  assertSame(before, await readResourceLedger(dataDir))
  await rm(directory, { recursive: true })
})

it("says what to do before anything runs", async () => {
  expect((await thaw(["status"])).exitCode).toBe(3)
  expect((await thaw(["env"])).exitCode).toBe(3)
  const absent = await thaw(["sandbox", "ls"])
  expect(absent.exitCode).toBe(3)
  expect(absent.stderr).toContain("thaw up")
  expect((await thaw(["sandbox", "create", "--vcpus", "many"])).exitCode).toBe(2)
})

it("`up` ends with a command run in a real microVM, and says so once", async () => {
  const stdout = await expectDone(["up", "--detach", ...ports])
  expect(stdout).toContain("http://127.0.0.1:")
  expect(stdout).toMatch(/thaw_[a-z0-9]+/)
  expect(await expectDone(["up", "--detach"])).toContain("running")
  const status = JSON.parse(await expectDone(["status", "--json"])) as Record<string, unknown>
  expect(JSON.stringify(status)).toContain("control-plane")
  expect(await expectDone(["env"])).toMatch(/^export THAW_API_URL=\S+ THAW_API_KEY=thaw_\S+\n$/)
})

it("creates sandboxes, runs commands in them and copies files", async () => {
  const created = JSON.parse(await expectDone(["sandbox", "create", "--metadata", "a=b", "--json"])) as {
    id: string
  }
  const { id } = created
  expect(await expectDone(["sandbox", "ls", "--metadata", "a=b"])).toContain(id)
  expect((await thaw(["exec", id, "--", "sh", "-c", "echo out; echo err >&2; exit 7"])).exitCode).toBe(7)
  expect((await thaw(["exec", id, "--", "sh", "-c", "kill -9 $$"])).exitCode).toBe(137)
  expect(await expectDone(["exec", "-i", id, "--", "wc", "-c"], "x".repeat(100_000))).toBe("100000\n")

  const content = randomBytes(5 * MIB)
  const local = join(directory, "random")
  await writeFile(local, content)
  await expectDone(["cp", local, `${id}:/tmp/random`])
  await expectDone(["cp", `${id}:/tmp/random`, `${local}.back`])
  const hash = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex")
  expect(hash(await readFile(`${local}.back`))).toBe(hash(content))

  await expectDone(["sandbox", "rm", id])
  expect((await thaw(["sandbox", "get", "sbxaaaaaaaaaaaaaaaaa"])).exitCode).toBe(4)
  expect((await thaw(["exec", id, "--", "true"])).exitCode).toBe(5)
})

it("keeps a sandbox over `down` and `up`, and over the supervisor's death", async () => {
  const { id } = JSON.parse(await expectDone(["sandbox", "create", "--timeout-sec", "0", "--json"])) as {
    id: string
  }
  await expectDone(["exec", id, "--", "sh", "-c", "echo kept > ~/file"])
  await expectDone(["down"])
  expect((await thaw(["status"])).exitCode).toBe(3)
  await expectDone(["up", "--detach", "--no-smoke-test", ...ports])
  expect(await expectDone(["exec", id, "--", "sh", "-c", "cat ~/file"])).toBe("kept\n")

  const record = JSON.parse(await readFile(join(dataDir, "run/platform.json"), "utf8")) as {
    supervisor: { pid: number }
  }
  process.kill(record.supervisor.pid, "SIGKILL")
  await expectDone(["up", "--detach", "--no-smoke-test", ...ports])
  expect(await expectDone(["exec", id, "--", "sh", "-c", "cat ~/file"])).toBe("kept\n")
  await expectDone(["down", "--destroy"])
  assertSame(before, await readResourceLedger(dataDir))
})
