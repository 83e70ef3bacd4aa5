import { expect, it } from "vitest"

import { readConfig } from "./config.ts"

it("readConfig() takes empty variables for unset ones", () => {
  expect(readConfig({ THAW_DATA_DIR: "", THAW_API_URL: "http://x", PATH: "/bin" })).toEqual({
    dataDir: "/var/lib/thaw",
    apiUrl: "http://x",
    apiKey: undefined,
    path: "/bin",
  })
})
