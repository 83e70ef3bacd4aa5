import { expect, it } from "vitest"

import { type ArchiveEntry, encodeNewcArchive } from "./newc-archive.ts"

const ENTRIES: readonly ArchiveEntry[] = [
  { kind: "directory", path: "dev", mode: 0o755 },
  { kind: "character-device", path: "dev/console", mode: 0o600, major: 5, minor: 1 },
  { kind: "file", path: "init", mode: 0o755, content: Buffer.from("hello") },
  { kind: "link", path: "sh", target: "busybox" },
]

interface Member {
  name: string
  mode: number
  device: string
  content: string
}

function decode(archive: Buffer): Member[] {
  const align = (offset: number) => (offset + 3) & ~3
  const members: Member[] = []
  for (let offset = 0; offset < archive.length;) {
    expect(archive.toString("latin1", offset, offset + 6)).toBe("070701")
    const start = offset
    const field = (index: number) =>
      Number.parseInt(archive.toString("latin1", start + 6 + 8 * index, start + 14 + 8 * index), 16)
    const nameEnd = start + 110 + field(11)
    const contentStart = align(nameEnd)
    members.push({
      name: archive.toString("utf8", start + 110, nameEnd - 1),
      mode: field(1),
      device: `${field(9)}:${field(10)}`,
      content: archive.toString("utf8", contentStart, contentStart + field(6)),
    })
    offset = align(contentStart + field(6))
  }
  return members
}

it("encodeNewcArchive() writes what a reader of the format finds again", () => {
  expect(decode(encodeNewcArchive(ENTRIES))).toEqual([
    { name: "dev", mode: 0o040755, device: "0:0", content: "" },
    { name: "dev/console", mode: 0o020600, device: "5:1", content: "" },
    { name: "init", mode: 0o100755, device: "0:0", content: "hello" },
    { name: "sh", mode: 0o120777, device: "0:0", content: "busybox" },
    { name: "TRAILER!!!", mode: 0, device: "0:0", content: "" },
  ])
})

it("encodeNewcArchive() gives equal bytes for equal entries", () => {
  expect(encodeNewcArchive(ENTRIES).equals(encodeNewcArchive(structuredClone(ENTRIES)))).toBe(true)
})

it.each(["", "/init", "a/../b"])("encodeNewcArchive() refuses the path %j", (path) => {
  expect(() => encodeNewcArchive([{ kind: "directory", path, mode: 0o755 }])).toThrow(RangeError)
})
