import { expect, test } from "vitest"

import { repoOf } from "./_repo-of.ts"
import { checkAgentsLength, checkLinks } from "./documents.ts"

test.each([
  "../README.md",
  "./formats/a.md#part",
  "formats",
  "formats/",
  "../src/a.ts",
  "/README.md",
  "https://example.org/x",
  "#part",
  "mailto:a@example.org",
])("a link to %s leads somewhere", (target) => {
  const repo = repoOf({
    "docs/b.md": `[x](${target})`,
    "README.md": "",
    "docs/formats/a.md": "",
    "src/a.ts": "",
  })
  expect(checkLinks(repo)).toEqual([])
})

test("a link to a missing file is found, code is not searched", () => {
  const text = "a\n[x](missing.md)\n```\n[y](in-code.md)\n```\n`[z](in-span.md)`\n"
  expect(checkLinks(repoOf({ "docs/b.md": text }))).toEqual([
    { file: "docs/b.md", line: 2, message: 'link to "missing.md" leads nowhere' },
  ])
})

test("AGENTS.md may have 150 lines", () => {
  expect(checkAgentsLength(repoOf({ "AGENTS.md": "x\n".repeat(150) }))).toEqual([])
  expect(checkAgentsLength(repoOf({ "AGENTS.md": "x\n".repeat(151) }))).toHaveLength(1)
})
