import { isSharedObject } from "./elf.ts"
import { nativeCrateStep } from "./native-crate-step.ts"

/** Builds the library through which QEMU hands a guest's memory over to the pager. It shares the C library of the program it is preloaded into. */
export const qemuUffdStep = nativeCrateStep({
  crate: { name: "qemu-uffd", fileName: "libqemu_uffd.so", rustFlags: [] },
  path: (paths) => paths.preloadLibrary,
  mode: 0o644,
  refuse: (file) =>
    isSharedObject(file) ? undefined : "preload library is not a shared object: no program would load it",
})
