import type { FileEntryBody } from "@thaw/api"
import { describe, expect, it } from "vitest"

import { nameOfCopy, nameOfEntry, pathOfEntry } from "./entry-path.ts"

function entry(path: string, extra: Partial<FileEntryBody> = {}): FileEntryBody {
  const common = { mode: "0644", uid: 0, gid: 0, owner: "root", group: "root", size: 1 } as const
  return { path, type: "file", modified_at: "2026-01-01T00:00:00.000Z", ...common, ...extra }
}

describe("nameOfEntry()", () => {
  it("is the last part of the path", () => {
    expect(nameOfEntry(entry("/home/user/a b"))).toBe("a b")
  })

  it.each(["/home/..", "..", "/home/.", "", "/", "/a\0b"])("refuses %j", (path) => {
    expect(() => nameOfEntry(entry(path))).toThrow("cannot be stored")
  })
})

describe("nameOfCopy()", () => {
  it.each([
    ["/home/user/a", "/evil/..", "a"],
    ["a/", "/home/user/a/", "a"],
    ["a/../b", "/home/user/b", "b"],
    [".", "/home/user/.", "user"],
    ["..", "/home/user/..", "home"],
    ["../..", "/home/user/../..", "root"],
    ["/", "/", "root"],
  ])("names a copy of %j, which the sandbox calls %j, %j", (from, path, name) => {
    expect(nameOfCopy(from, entry(path))).toBe(name)
  })

  it.each(["..", ".", "a/../..", "", "/a\0b"])("refuses %j as the sandbox's name of a directory", (path) => {
    expect(() => nameOfCopy(".", entry(path))).toThrow("cannot be stored")
  })
})

it("pathOfEntry() refuses a path that is not UTF-8", () => {
  const path = Buffer.from([0x2f, 0xff]).toString("base64")
  expect(() => pathOfEntry(entry(path, { path_encoding: "base64" }))).toThrow("not a UTF-8 path")
})
