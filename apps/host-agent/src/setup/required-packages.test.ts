import { expect, it } from "vitest"

import { parseInstalledPackages } from "./required-packages.ts"

it("parseInstalledPackages() leaves out what is removed, half installed or unknown", () => {
  const output = "gcc\tinstalled\nlz4\tconfig-files\ncargo\thalf-configured\nkmod\tnot-installed\n"
  expect(parseInstalledPackages(output)).toEqual(new Set(["gcc"]))
})
