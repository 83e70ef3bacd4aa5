/** Below the artifacts directory: one directory for each kernel */
export const KERNELS_DIR = "kernels"

/** Uncompressed kernel in a kernel's directory; both VMMs start it directly */
export const VMLINUX_FILE = "vmlinux"

/** The kernel's `/lib/modules/<release>` in its directory */
export const MODULES_DIR = "modules"
