import { constants, fstatSync } from "node:fs"
import { access, mkdtemp, open, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import {
  closeDescriptor,
  ensureTmpfs,
  openPidfd,
  probeUserfaultfd,
  takeDescriptor,
  unmount,
  type UserfaultfdProbe,
} from "@thaw/linux"

import { fail, ok, warn, type Check } from "./finding.ts"

const DEVICE = "/dev/userfaultfd"
const CONTAINER_ADVICE =
  "run as root on the machine itself: a container forbids it unless it is started with --privileged"
const KERNEL_ADVICE = "use a kernel with CONFIG_USERFAULTFD, 6.1 or newer"

/** What restoring a VM's memory needs. Every sandbox starts by a restore, so without it there are none. */
export function memoryChecks(): Check[] {
  return [
    { name: "userfaultfd", look: checkUserfaultfd },
    { name: DEVICE, look: checkDevice },
    { name: "tmpfs", look: checkTmpfs },
    { name: "system calls", look: checkSystemCalls },
  ]
}

function checkUserfaultfd() {
  try {
    return judgeUserfaultfd(probeUserfaultfd())
  } catch (error) {
    return fail(textOf(error), `no sandbox can start without it; ${KERNEL_ADVICE}, and ${CONTAINER_ADVICE}`)
  }
}

/** What a userfaultfd of this kind is good for */
export function judgeUserfaultfd(probe: UserfaultfdProbe) {
  if (!probe.servesSharedMemory) {
    return fail(
      "opens, but does not serve shared memory",
      `no sandbox can start without it; ${KERNEL_ADVICE}`,
    )
  }
  if (!probe.handlesKernelFaults) {
    return fail(
      "serves no page that the kernel itself touches, as it does for the devices of a VM",
      "run as root, or sysctl vm.unprivileged_userfaultfd=1",
    )
  }
  const way = probe.source === "device" ? DEVICE : "system call"
  return ok(`opens by ${way} and serves shared memory`)
}

async function checkDevice() {
  try {
    await access(DEVICE, constants.R_OK | constants.W_OK)
    return ok("may be opened")
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === "ENOENT")
      return warn("is missing", "nothing need be done as root, who has the system call; Linux 6.1 has it")
    return warn(`may not be opened (${code ?? "unknown"})`, "run as root")
  }
}

/** Mounts one and takes it away again: memory of running VMs is kept in one */
async function checkTmpfs() {
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), "thaw-doctor-"))
  stack.defer(() => rm(directory, { recursive: true, force: true }))
  try {
    ensureTmpfs(directory, { mode: 0o700 })
    stack.defer(() => unmount(directory))
    return ok("can be mounted")
  } catch (error) {
    return fail(textOf(error), CONTAINER_ADVICE)
  }
}

/** Takes a descriptor of this process as a pager that starts anew takes those of VMMs, which also shows that native calls work */
async function checkSystemCalls() {
  await using file = await open("/proc/self/stat", "r")
  using stack = new DisposableStack()
  try {
    const pidfd = openPidfd(process.pid)
    stack.defer(() => closeDescriptor(pidfd))
    const taken = takeDescriptor(pidfd, file.fd)
    stack.defer(() => closeDescriptor(taken))
    if (fstatSync(taken).ino === fstatSync(file.fd).ino) return ok("pidfd_open and pidfd_getfd work")
    return fail("pidfd_getfd gives another file than it was asked for", "use Linux 6.1 or newer")
  } catch (error) {
    return fail(textOf(error), `use Linux 6.1 or newer, and ${CONTAINER_ADVICE}`)
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
