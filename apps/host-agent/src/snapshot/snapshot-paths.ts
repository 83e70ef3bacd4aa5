import type { HostPaths } from "../host-paths.ts"

/** The directories that frozen VMs are kept in */
export type SnapshotPaths = Pick<
  HostPaths,
  "snapshotsDir" | "buildsDir" | "layersDir" | "namesDir" | "warmDir" | "templatesDir"
>
