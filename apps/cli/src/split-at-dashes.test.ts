import { describe, expect, it } from "vitest"

import { splitAtDashes } from "./split-at-dashes.ts"

describe("splitAtDashes()", () => {
  it.each([
    [
      ["exec", "id", "--", "ls", "--", "-l"],
      ["exec", "id"],
      ["ls", "--", "-l"],
    ],
    [["up"], ["up"], []],
    [["--"], [], []],
    [[], [], []],
  ])("%j", (words, own, afterDashes) => {
    expect(splitAtDashes(words)).toEqual({ own, afterDashes })
  })
})
