import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, openSync, closeSync, ftruncateSync, rmSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"

import { describe, expect, it, onTestFinished } from "vitest"

import { closeDescriptor } from "../libc/close-descriptor.ts"
import { PollSet } from "../poll/poll-set.ts"
import { findDescriptors, killByPidfd, openPidfd, takeDescriptor } from "../process/pidfd.ts"
import { receiveWithDescriptors } from "../unix/descriptor-message.ts"
import { readPeerCredentials } from "../unix/peer-credentials.ts"
import { acceptUnix, listenUnix } from "../unix/unix-listener.ts"
import { Userfaultfd } from "./userfaultfd.ts"

const PAGE_BYTES = 4096
const PAGES = 8
const WAIT_MS = 20_000
const USERFAULTFD_LINK = "anon_inode:[userfaultfd]"

const isRoot = process.getuid?.() === 0
if (!isRoot) console.log("tests of another process's userfaultfd skipped: they need root")

function openDirectory(): string {
  const directory = mkdtempSync("/dev/shm/foreign-memory-test-")
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return directory
}

/** Starts a process that owns memory with a userfaultfd */
function startOwner(directory: string, socketPath?: string) {
  const path = join(directory, "memory")
  const fd = openSync(path, "w", 0o600)
  ftruncateSync(fd, PAGES * PAGE_BYTES)
  closeSync(fd)
  const program = join(import.meta.dirname, "_memory-owner.ts")
  const args = [program, path, String(PAGES * PAGE_BYTES), ...(socketPath === undefined ? [] : [socketPath])]
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] })
  onTestFinished(() => void child.kill("SIGKILL"))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const nextLine = async () => String((await lines.next()).value)
  return { child, nextLine, pid: child.pid ?? 0 }
}

async function waitFor(fd: number): Promise<void> {
  const poll = new PollSet()
  poll.add(fd)
  const deadline = performance.now() + WAIT_MS
  while (poll.wait(5).length === 0) {
    if (performance.now() > deadline) throw new Error(`nothing within ${WAIT_MS} ms`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe.skipIf(!isRoot)("a userfaultfd of another process", () => {
  it("can be taken out of it, and taken again after its holder died with a fault unserved", async () => {
    const { child, nextLine, pid } = startOwner(openDirectory())
    const address = Number(await nextLine())
    const pidfd = openPidfd(pid)
    const [number = -1, ...more] = findDescriptors(pid, USERFAULTFD_LINK)
    expect(more).toEqual([])

    const first = Userfaultfd.fromDescriptor(takeDescriptor(pidfd, number))
    child.stdin.write(`${PAGE_BYTES}\n`)
    await waitFor(first.fd)
    expect(first.readEvents()).toMatchObject([{ kind: "pagefault", address: address + PAGE_BYTES }])
    first.close()

    using second = Userfaultfd.fromDescriptor(takeDescriptor(pidfd, number))
    expect(second.readEvents()).toEqual([])
    second.wake(address, PAGES * PAGE_BYTES)
    await waitFor(second.fd)
    expect(second.readEvents()).toMatchObject([{ kind: "pagefault", address: address + PAGE_BYTES }])
    expect(second.copy(address + PAGE_BYTES, Buffer.alloc(PAGE_BYTES, 9), PAGE_BYTES).outcome).toBe("done")
    expect(await nextLine()).toBe("9")

    const exited = once(child, "exit")
    expect(killByPidfd(pidfd, "SIGKILL")).toBe(true)
    await waitFor(pidfd)
    await exited
    expect(killByPidfd(pidfd, "SIGKILL")).toBe(false)
    expect(second.copy(address, Buffer.alloc(PAGE_BYTES), PAGE_BYTES)).toEqual({
      copiedBytes: 0,
      outcome: "gone",
    })
    expect(second.zero(address, PAGE_BYTES)).toEqual({ copiedBytes: 0, outcome: "gone" })
    expect(() => takeDescriptor(pidfd, number)).toThrow(/ESRCH|EBADF/)
    closeDescriptor(pidfd)
    expect(() => openPidfd(pid)).toThrow(`opening process ${pid} failed: ESRCH`)
    expect(findDescriptors(pid, USERFAULTFD_LINK)).toEqual([])
  })

  it("comes over a unix socket", async () => {
    const directory = openDirectory()
    const socketPath = join(directory, "uffd.sock")
    using listener = listenUnix(socketPath, { mode: 0o600, uid: 0 })
    expect(acceptUnix(listener.fd)).toBeUndefined()
    const { child, nextLine, pid } = startOwner(directory, socketPath)
    await waitFor(listener.fd)
    const connection = acceptUnix(listener.fd) ?? -1
    expect(readPeerCredentials(connection)).toEqual({ pid, uid: 0, gid: 0 })
    await waitFor(connection)
    const message = receiveWithDescriptors(connection, PAGE_BYTES)
    const address = Number(message?.data.toString())
    expect(String(address)).toBe(await nextLine())
    using uffd = Userfaultfd.fromDescriptor(message?.fds[0] ?? -1)
    closeDescriptor(connection)
    child.stdin.write("0\n")
    await waitFor(uffd.fd)
    expect(uffd.readEvents()).toMatchObject([{ kind: "pagefault", address }])
    uffd.copy(address, Buffer.alloc(PAGE_BYTES, 4), PAGE_BYTES)
    expect(await nextLine()).toBe("4")
    const exited = once(child, "exit")
    child.stdin.end()
    await exited
  })
})
