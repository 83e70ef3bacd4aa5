import { expect, it } from "vitest"

import { parseQemuVersion } from "./qemu-version.ts"

it("parseQemuVersion() reads the version with its package's", () => {
  const output =
    "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)\nCopyright (c) 2003-2022 Fabrice Bellard\n"
  expect(parseQemuVersion(output)).toBe("7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)")
  expect(parseQemuVersion("QEMU emulator version 10.0.2\n")).toBe("10.0.2")
  expect(() => parseQemuVersion("something else")).toThrow("version of QEMU")
})
