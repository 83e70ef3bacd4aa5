import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { describe, expect, it, onTestFinished } from "vitest"

import { waitUntilGone } from "../process/end-process.ts"
import { startDetached } from "./start-detached.ts"

const WAIT_MS = 10_000

describe("startDetached()", () => {
  it("hands descriptors over as 3 and 4, and keeps its own", async () => {
    const directory = mkdtempSync(join(tmpdir(), "start-detached-test-"))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const inheritedFds = ["a", "b"].map((name) => {
      writeFileSync(join(directory, name), name)
      return openSync(join(directory, name), "r")
    })
    onTestFinished(() => inheritedFds.forEach((fd) => closeSync(fd)))
    const logPath = join(directory, "log")
    const identity = await startDetached(["sh", "-c", "read x <&3; read y <&4; echo $x$y; sleep 0.2"], {
      logPath,
      inheritedFds,
    })
    expect(await waitUntilGone(identity, WAIT_MS)).toBe(true)
    expect(readFileSync(logPath, "utf8")).toBe("ab\n")
    expect(inheritedFds.map((fd) => readFileSync(fd, "utf8"))).toEqual(["", ""])
  })
})
