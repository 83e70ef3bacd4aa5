import { readFileSync } from "node:fs"
import { resolve } from "node:path"

import { describe, expect, it } from "vitest"

import { decodeBool, decodeEntry, decodeError, decodeExit, decodeU32 } from "./answer.ts"
import { FRAME, FrameDecoder, encodeFrame, encodePreamble } from "./frame.ts"
import { MalformedPayloadError, PayloadReader } from "./payload-reader.ts"
import { PayloadWriter } from "./payload-writer.ts"
import { encodeRequest, type GuestRequest } from "./request.ts"

/** The same file tests the guest agent */
const VECTORS = readVectors(resolve(import.meta.dirname, "../../../../../native/guest-agent/vectors.txt"))

function readVectors(path: string): ReadonlyMap<string, Buffer> {
  const lines = readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
  return new Map(
    lines.map((line) => {
      const [name = "", hex = ""] = line.split(" ")
      return [name, Buffer.from(hex, "hex")]
    }),
  )
}

function vector(name: string): Buffer {
  const bytes = VECTORS.get(name)
  if (bytes === undefined) throw new Error(`there is no vector "${name}"`)
  return bytes
}

function counting(length: number, first = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => first + index)
}

const MINIMAL_CONFIGURE = {
  op: "configure",
  token: Buffer.alloc(32, 0xff),
  hostname: "a",
  machineId: new Uint8Array(16),
  wallClockUnixNs: 0n,
  entropy: new Uint8Array(32),
  dnsServers: [],
} as const satisfies GuestRequest

const REQUESTS: Record<string, GuestRequest> = {
  "request.configure.full": {
    op: "configure",
    token: counting(32),
    hostname: "sandbox-1",
    machineId: counting(16, 0xa0),
    wallClockUnixNs: 1_700_000_000_123_456_789n,
    entropy: Buffer.alloc(32, 0xee),
    env: [
      ["LANG", "C"],
      ["EMPTY", ""],
    ],
    dnsServers: ["10.0.0.1", "fd00::1"],
  },
  "request.configure.minimal": MINIMAL_CONFIGURE,
  "request.configure.emptied": { ...MINIMAL_CONFIGURE, env: [] },
  "request.exec.full": {
    op: "exec",
    argv: ["sh", "-c", Buffer.from([0xff])],
    env: [
      ["A", "1"],
      ["B", Buffer.from([0xfe, 0x3d])],
    ],
    cwd: "/srv",
    user: "user",
    pty: { cols: 120, rows: 40 },
    stdin: true,
    timeoutMs: 60_000,
    killOnDisconnect: true,
  },
  "request.exec.minimal": {
    op: "exec",
    argv: ["true"],
    env: [],
    cwd: "",
    user: "",
    stdin: false,
    timeoutMs: 0,
    killOnDisconnect: false,
  },
  "request.read_file.range": {
    op: "readFile",
    path: Buffer.from("/etc/hosts"),
    user: "root",
    offset: 4_294_967_296n,
    length: 10n,
  },
  "request.read_file.whole": { op: "readFile", path: Buffer.from("a"), user: "", offset: 0n },
  "request.write_file.mode": {
    op: "writeFile",
    path: Buffer.concat([Buffer.from("/tmp/é"), Buffer.from([0xff])]),
    user: "user",
    mode: 0o600,
  },
  "request.write_file.default": { op: "writeFile", path: Buffer.from("f"), user: "" },
  "request.stat": { op: "stat", path: Buffer.from("/"), user: "daemon", followSymlink: true },
  "request.list": { op: "list", path: Buffer.from("/usr"), user: "", entriesMax: 1000 },
  "request.mkdir": { op: "mkdir", path: Buffer.from("/a/b"), user: "", mode: 0o1777, parents: true },
  "request.move": {
    op: "move",
    path: Buffer.from("/a"),
    to: Buffer.from("/b"),
    user: "user",
    overwrite: false,
  },
  "request.remove": { op: "remove", path: Buffer.from("/a"), user: "", recursive: true },
  "request.ping": { op: "ping" },
}

describe("encodeRequest()", () => {
  it.each(Object.entries(REQUESTS))("writes %s", (name, request) => {
    expect(encodeRequest(request).toString("hex")).toBe(vector(name).toString("hex"))
  })

  it("is tested with every request there is a vector for", () => {
    const names = [...VECTORS.keys()].filter((name) => name.startsWith("request."))
    expect(Object.keys(REQUESTS).sort()).toEqual(names.sort())
  })
})

describe("encodePreamble()", () => {
  it("writes magic, version and token", () => {
    expect(encodePreamble(counting(32))).toEqual(vector("preamble"))
  })
})

describe("encodeFrame()", () => {
  it.each([
    ["frame.request", FRAME.request, encodeRequest({ op: "ping" })],
    ["frame.stdin", FRAME.stdin, Buffer.from("hello\n")],
    ["frame.close_stdin", FRAME.closeStdin, new Uint8Array()],
    ["frame.signal", FRAME.signal, new PayloadWriter().i32(15).finish()],
    ["frame.resize", FRAME.resize, new PayloadWriter().u16(132).u16(43).finish()],
    ["frame.data", FRAME.data, Buffer.from([0, 0xff])],
    ["frame.end", FRAME.end, new Uint8Array()],
  ])("writes %s", (name, type, payload) => {
    expect(encodeFrame(type, payload)).toEqual(vector(name))
  })
})

/** The payload of a vector that is one whole frame of the given type */
function payloadOf(name: string, type: number): Buffer {
  const [frame, ...more] = new FrameDecoder().decode(vector(name))
  expect(more).toEqual([])
  expect(frame?.type).toBe(type)
  return frame?.payload ?? Buffer.alloc(0)
}

describe("answers", () => {
  it("are read: bytes", () => {
    expect(payloadOf("frame.stdout", FRAME.stdout)).toEqual(Buffer.from([0x6f, 0x75, 0x74, 0xff]))
    expect(payloadOf("frame.stderr", FRAME.stderr).toString()).toBe("err")
    expect(payloadOf("frame.done.empty", FRAME.done).length).toBe(0)
  })

  it("are read: numbers", () => {
    expect(decodeU32(payloadOf("frame.started", FRAME.started))).toBe(4242)
    expect(decodeU32(payloadOf("frame.stdin_consumed", FRAME.stdinConsumed))).toBe(65_536)
    expect(decodeBool(payloadOf("frame.done.truncated", FRAME.done))).toBe(true)
    const ping = new PayloadReader(payloadOf("frame.done.ping", FRAME.done))
    expect([ping.text(), ping.u64()]).toEqual(["0.1.0", 123_456n])
    ping.end()
  })

  it("are read: exits", () => {
    expect(decodeExit(payloadOf("frame.exit.code", FRAME.exit))).toEqual({
      exitCode: 3,
      signal: 0,
      timedOut: false,
      durationMs: 17,
    })
    expect(decodeExit(payloadOf("frame.exit.signal", FRAME.exit))).toEqual({
      exitCode: 137,
      signal: 9,
      timedOut: true,
      durationMs: 4_294_967_296,
    })
  })

  it("are read: errors", () => {
    expect(decodeError(payloadOf("frame.error", FRAME.error))).toMatchObject({
      code: "not_found",
      message: 'cannot open "/x": no such file or directory',
    })
  })

  it("are read: entries", () => {
    const file = decodeEntry(vector("entry.file"))
    expect(file).toEqual({
      path: Buffer.from("/home/user/a.txt"),
      type: "file",
      mode: 0o644,
      uid: 1000,
      gid: 1000,
      owner: "user",
      group: "user",
      sizeBytes: 5,
      modifiedUnixNs: 1_700_000_000_123_456_789n,
    })
    expect(decodeEntry(payloadOf("frame.entry", FRAME.entry))).toEqual(file)
    expect(decodeEntry(payloadOf("frame.done.entry", FRAME.done))).toEqual(file)
    expect(decodeEntry(vector("entry.directory"))).toMatchObject({ type: "directory", mode: 0o1777 })
    expect(decodeEntry(vector("entry.other"))).toMatchObject({ type: "other", mode: 0o666 })
  })

  it("are refused when a number does not fit", () => {
    expect(() => decodeEntry(vector("entry.symlink"))).toThrow(MalformedPayloadError)
  })
})
