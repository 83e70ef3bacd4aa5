import { expect, it } from "vitest"

import { formatExports } from "./env.ts"

it("formatExports() quotes what a shell would read otherwise", () => {
  expect(formatExports({ THAW_API_URL: "http://127.0.0.1:8080", THAW_API_KEY: "a'b" })).toBe(
    String.raw`export THAW_API_URL=http://127.0.0.1:8080 THAW_API_KEY='a'\''b'` + "\n",
  )
})
