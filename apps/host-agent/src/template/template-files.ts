/** Names in a build's directory */
export const ROOTFS_FILE = "rootfs.ext4"
export const MANIFEST_FILE = "manifest.json"

/** Name of the link to the newest build in a template's directory */
export const CURRENT_LINK = "current"
