import { isAlive } from "@thaw/linux"
import { PlatformError } from "@thaw/model"

import type { Vm, VmEnd } from "../vmm/vmm.ts"

/** Does work that needs a VM, and fails with the VM's reason as soon as that is over */
export async function whileRunning<T>(
  vm: Vm,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController()
  const ended = vm.ended.then((end) => {
    const error = endedEarly(end)
    over.abort(error)
    throw error
  })
  try {
    return await Promise.race([ended, work(AbortSignal.any([signal, over.signal]))])
  } catch (error) {
    if (error instanceof PlatformError && error.code === "deadline_exceeded") {
      throw new PlatformError(error.code, error.message, {
        cause: error,
        internal: await vm.consoleTail().catch(() => ""),
      })
    }
    throw error
  }
}

/** Fails for a VM that is over: from a start that is not complete there is a way back, once it is there is none */
export async function requireAlive(vm: Vm): Promise<void> {
  const isThere = await isAlive(vm.process)
  const end = await Promise.race([vm.ended, Promise.resolve()])
  if (end !== undefined) throw endedEarly(end)
  // Its monitor connection tells of a process's end a moment later.
  if (!isThere) throw endedEarly({ reason: "the VMM process ended", consoleTail: "" })
}

function endedEarly({ reason, consoleTail }: VmEnd): PlatformError {
  return new PlatformError("internal", "the sandbox ended while it started", {
    internal: `${reason}\n${consoleTail}`,
  })
}
