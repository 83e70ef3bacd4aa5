import {
  closeSync,
  existsSync,
  fstatSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { describe, expect, it, onTestFinished } from "vitest"

import { closeDescriptor } from "../libc/close-descriptor.ts"
import { receiveWithDescriptors, sendWithDescriptors } from "./descriptor-message.ts"
import { readPeerCredentials } from "./peer-credentials.ts"
import { acceptUnix, connectUnix, listenUnix } from "./unix-listener.ts"

const UID = process.getuid?.() ?? 0

function makePath(): string {
  const directory = mkdtempSync(join(tmpdir(), "unix-listener-test-"))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return join(directory, "socket")
}

/** Both ends of a connection */
function openConnection(): { client: number; server: number } {
  const path = makePath()
  using listener = listenUnix(path, { mode: 0o600, uid: UID })
  const client = connectUnix(path)
  return { client, server: acceptUnix(listener.fd) ?? -1 }
}

describe("listenUnix()", () => {
  it("makes a socket of the mode asked for, replaces a left-over one, and removes it at the end", () => {
    const path = makePath()
    const left = listenUnix(path, { mode: 0o600, uid: UID })
    closeDescriptor(left.fd)
    using listener = listenUnix(path, { mode: 0o640, uid: UID })
    expect(statSync(path)).toMatchObject({ mode: 0o140640, uid: UID })
    expect(acceptUnix(listener.fd)).toBeUndefined()
    listener[Symbol.dispose]()
    expect(existsSync(path)).toBe(false)
    expect(() => connectUnix(path)).toThrow(`connecting to '${path}' failed: ENOENT`)
  })

  it("leaves what is not a socket alone, and refuses a path that is too long", () => {
    const path = makePath()
    writeFileSync(path, "precious")
    expect(() => listenUnix(path, { mode: 0o600, uid: UID })).toThrow(/EADDRINUSE/)
    expect(existsSync(path)).toBe(true)
    expect(() => listenUnix(`/${"x".repeat(107)}`, { mode: 0o600, uid: UID })).toThrow(
      /has 108 bytes, at most 107/,
    )
  })
})

describe("sendWithDescriptors() and receiveWithDescriptors()", () => {
  it("move bytes and open files", () => {
    const { client, server } = openConnection()
    expect(receiveWithDescriptors(server, 16)).toBeUndefined()
    const file = openSync(import.meta.filename, "r")
    sendWithDescriptors(client, Buffer.from("hello"), [file, file, file])
    const message = receiveWithDescriptors(server, 16)
    expect(message?.data.toString()).toBe("hello")
    expect(message?.fds).toHaveLength(3)
    for (const fd of message?.fds ?? []) {
      expect(fstatSync(fd).ino).toBe(fstatSync(file).ino)
      closeDescriptor(fd)
    }
    closeSync(file)
    sendWithDescriptors(client, Buffer.from("bye"), [])
    closeDescriptor(client)
    expect(receiveWithDescriptors(server, 16)).toEqual({ data: Buffer.from("bye"), fds: [] })
    expect(receiveWithDescriptors(server, 16)).toEqual({ data: Buffer.alloc(0), fds: [] })
    closeDescriptor(server)
  })

  it("refuse too many descriptors", () => {
    const { client, server } = openConnection()
    expect(() =>
      sendWithDescriptors(
        client,
        Buffer.from("x"),
        Array.from({ length: 17 }, () => 0),
      ),
    ).toThrow("17 descriptors are too many for one message, at most 16")
    closeDescriptor(client)
    expect(readPeerCredentials(server)).toMatchObject({ pid: process.pid, uid: UID })
    closeDescriptor(server)
    expect(() => closeDescriptor(server)).toThrow(`close of descriptor ${server} failed: EBADF`)
  })
})
