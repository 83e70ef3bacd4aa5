import { expect, it } from "vitest"

import { parseKernelDependency, readKernelPayload } from "./kernel-package.ts"

it("parseKernelDependency() finds the kernel among other dependencies", () => {
  const output =
    "linux-image-cloud-amd64\n  Depends: linux-base\n  Depends: linux-image-6.1.0-56-cloud-amd64\n"
  expect(parseKernelDependency(output)).toBe("linux-image-6.1.0-56-cloud-amd64")
})

it("parseKernelDependency() finds none where there is none", () => {
  expect(
    parseKernelDependency("linux-image-cloud-amd64\n  Suggests: linux-image-6.1.0-1-cloud-amd64\n"),
  ).toBeUndefined()
})

function bzImage(payload: Buffer): Buffer {
  const image = Buffer.alloc(0x800)
  image.writeUInt8(1, 0x1f1)
  image.write("HdrS", 0x202, "latin1")
  image.writeUInt32LE(0x10, 0x248)
  image.writeUInt32LE(payload.length, 0x24c)
  payload.copy(image, 2 * 512 + 0x10)
  return image
}

it("readKernelPayload() cuts the payload out, without the size behind it", () => {
  const payload = Buffer.from("02214c18aabbccdd78563412", "hex")
  const { compressed, sizeBytes } = readKernelPayload(bzImage(payload))
  expect(compressed.toString("hex")).toBe("02214c18aabbccdd")
  expect(sizeBytes).toBe(0x12345678)
})

it.each([
  ["no kernel", Buffer.alloc(0x800), /is not a bzImage/],
  ["another compression", bzImage(Buffer.from("28b52ffdaabbccdd78563412", "hex")), /only LZ4 is known/],
  ["a cut file", bzImage(Buffer.alloc(0x1000)), /cut off/],
])("readKernelPayload() refuses %s", (_, image, message) => {
  expect(() => readKernelPayload(image)).toThrow(message)
})
