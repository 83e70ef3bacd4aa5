import fc from "fast-check"
import { PlatformError } from "@thaw/model"
import { expect, test } from "vitest"

import { HANDSHAKE_BYTES_MAX, parseHandshake } from "./handshake-message.ts"

const region = { base_host_virt_addr: 0x7f00_0000_0000, size: 8192, offset: 4096, page_size: 4096 }
const encode = (value: unknown) => Buffer.from(JSON.stringify(value))

test("reads Firecracker's message, with keys of other versions", () => {
  expect(parseHandshake(encode([{ ...region, page_size_kib: 4096 }]))).toEqual([
    { address: 0x7f00_0000_0000, lengthBytes: 8192, offsetBytes: 4096 },
  ])
})

test.for([
  ["nothing", Buffer.alloc(0), /not JSON/],
  ["bytes that are no text", Buffer.from([0xff, 0xfe]), /not JSON/],
  ["an object", encode(region), /cannot be used/],
  ["no region", encode([]), /cannot be used/],
  ["too many regions", encode(Array.from({ length: 65 }, () => region)), /cannot be used/],
  ["a negative offset", encode([{ ...region, offset: -4096 }]), /0\.offset/],
  ["an empty region", encode([{ ...region, size: 0 }]), /0\.size/],
  ["an address of the kernel", encode([{ ...region, base_host_virt_addr: 2 ** 48 }]), /base_host_virt_addr/],
  ["half a page", encode([{ ...region, size: 6144 }]), /0\.size/],
  ["huge pages", encode([{ ...region, page_size: 2 ** 21 }]), /page_size/],
  ["more bytes than any message has", Buffer.alloc(HANDSHAKE_BYTES_MAX, " "), /bytes or more/],
] as const)("refuses %s", ([, message, reason]) => {
  expect(() => parseHandshake(message)).toThrow(reason)
})

test("throws nothing but its own error, whatever comes", () => {
  const messages = fc.oneof(
    fc.uint8Array(),
    fc.json().map((text) => Buffer.from(text)),
  )
  fc.assert(
    fc.property(messages, (message) => refusalOf(message) instanceof PlatformError || isGood(message)),
  )
})

function refusalOf(message: Uint8Array): unknown {
  try {
    parseHandshake(message)
    return undefined
  } catch (error) {
    return error
  }
}

function isGood(message: Uint8Array): boolean {
  return refusalOf(message) === undefined
}
