import { closeDescriptor } from "../libc/close-descriptor.ts"
import { openUserfaultfdDescriptor } from "./open-descriptor.ts"
import { UFFD_FEATURE } from "./uffd-abi.ts"
import { agreeUffdApi } from "./uffd-api.ts"

/** What userfaultfd(2) can do here */
export interface UserfaultfdProbe {
  /** `device`: also faults taken inside the kernel can be served, which virtio needs; `syscall`: see `handlesKernelFaults` */
  readonly source: "device" | "syscall"
  readonly handlesKernelFaults: boolean
  /** Whether missing pages of shared memory files can be served: `UFFD_FEATURE_MISSING_SHMEM` */
  readonly servesSharedMemory: boolean
}

/**
 * Opens a userfaultfd and asks the kernel what it can do.
 *
 * @throws {SystemError} naming the errno when there is none for this process
 */
export function probeUserfaultfd(): UserfaultfdProbe {
  const { fd, source, handlesKernelFaults } = openUserfaultfdDescriptor()
  try {
    const features = agreeUffdApi(fd, 0n)
    return { source, handlesKernelFaults, servesSharedMemory: (features & UFFD_FEATURE.missingShmem) !== 0n }
  } finally {
    closeDescriptor(fd)
  }
}
