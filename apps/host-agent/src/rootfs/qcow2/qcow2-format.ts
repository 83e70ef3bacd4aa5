/** Facts of the qcow2 format, version 3; docs/interop/qcow2.txt of QEMU 7.2 */

export const MAGIC = 0x51_46_49_fb
export const VERSION = 3

/** Overlays have QEMU's own default, also those that it writes for us */
export const CLUSTER_BITS = 16
export const CLUSTER_BYTES = 2 ** CLUSTER_BITS
/** 16-bit reference counts */
export const REFCOUNT_ORDER = 4

/** Header of version 3 as far as QEMU 2.x knew it, which QEMU still takes: `header_length` says so */
export const HEADER_BYTES = 104
export const BACKING_PATH_BYTES_MAX = 1023

export const EXTENSION = {
  end: 0,
  backingFormat: 0xe2_79_2a_ca,
  /** Names of feature bits, for messages; QEMU adds it when it writes a header */
  featureNames: 0x68_03_f8_57,
  externalDataFile: 0x44_41_54_41,
} as const
