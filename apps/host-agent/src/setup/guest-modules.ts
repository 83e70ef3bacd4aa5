/** Modules a guest needs before it has a root file system, each after those it needs itself */
export const GUEST_MODULES = [
  "virtio_ring",
  "virtio",
  "virtio_mmio",
  "virtio_blk",
  "failover",
  "net_failover",
  "virtio_net",
  "rng-core",
  "virtio-rng",
] as const

export interface KernelModules {
  /** Paths below the kernel's module directory, of files */
  readonly files: readonly string[]
  /** Content of `modules.builtin`: paths of modules that are part of the kernel */
  readonly builtin: string
  /** What each module says it needs: the output of `modinfo -F depends`, or the like, by module name */
  readonly dependencies: ReadonlyMap<string, readonly string[]>
}

/**
 * Plans which module files go into the initramfs, in the order they are loaded. Modules that are part of the kernel are
 * left out.
 *
 * @throws {Error} when the kernel lacks a module, or a module needs one that is not loaded before it
 */
export function planGuestModules(modules: KernelModules): string[] {
  const loaded = new Set<string>()
  for (const path of modules.builtin.split("\n")) loaded.add(moduleName(path))
  const paths: string[] = []
  for (const name of GUEST_MODULES.map(moduleName)) {
    if (loaded.has(name)) continue
    const path = modules.files.find((file) => file.endsWith(".ko") && moduleName(file) === name)
    if (path === undefined) throw new Error(`kernel has no module "${name}", which guests need`)
    for (const needed of modules.dependencies.get(name) ?? []) {
      if (!loaded.has(moduleName(needed))) {
        throw new Error(`kernel module "${name}" needs "${needed}", which is not loaded before it`)
      }
    }
    loaded.add(name)
    paths.push(path)
  }
  return paths
}

/** Name of a module by its file: `-` and `_` are the same to the kernel */
export function moduleName(path: string): string {
  const file = path.slice(path.lastIndexOf("/") + 1)
  return file.replace(/\.ko$/, "").replaceAll("-", "_")
}

/** Reads what a module says it needs from its `.modinfo` section, a list of zero-terminated `key=value` */
export function parseModuleDependencies(file: Buffer): string[] {
  const marker = Buffer.from("\0depends=")
  const start = file.indexOf(marker)
  if (start === -1) return []
  const valueStart = start + marker.length
  const value = file.toString("latin1", valueStart, file.indexOf(0, valueStart))
  return value === "" ? [] : value.split(",")
}
