import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import type { ThawClient } from "@thaw/sdk"
import { expect, it } from "vitest"

import { CopyTally } from "./copy-tally.ts"
import { uploadPath } from "./upload.ts"

it("uploadPath() fills a directory that its owner may not write to before it takes that right away", async () => {
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), "thaw-upload-"))
  stack.defer(() => rm(directory, { recursive: true }))
  const from = join(directory, "ro")
  await mkdir(from)
  await writeFile(join(from, "a"), "abc")
  await chmod(from, 0o555)
  const calls: unknown[][] = []
  const files = {
    stat: () => Promise.resolve({ type: "directory" }),
    makeDir: (path: string, { mode = 0 }: { mode?: number }) =>
      calls.push(["makeDir", path, mode.toString(8)]),
    write: (path: string) => {
      calls.push(["write", path])
      return Promise.resolve({ size: 3 })
    },
  }
  const client = {
    files: () => files,
    exec: (_id: string, { cmd, args }: { cmd: string; args: string[] }) => {
      calls.push([cmd, ...args])
      return Promise.resolve({ exit_code: 0 })
    },
  }
  const target = { client: client as unknown as ThawClient, id: "sbxaaaaaaaaaaaaaaaaa", asUser: {} }

  await uploadPath(target, from, "/srv", new CopyTally())
  expect(calls).toEqual([
    ["makeDir", "/srv/ro", "755"],
    ["write", "/srv/ro/a"],
    ["chmod", "0555", "--", "/srv/ro"],
  ])
})
