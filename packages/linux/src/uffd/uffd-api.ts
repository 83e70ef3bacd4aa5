import { bindLibc } from "../libc/libc.ts"
import { SystemError } from "../libc/system-error.ts"
import { UFFD_API, UFFDIO_API } from "./uffd-abi.ts"

const ioctl = bindLibc("int ioctl(int fd, unsigned long request, void *argument)") as (
  fd: number,
  request: number,
  argument: Buffer,
) => number

/** `struct uffdio_api`: api, features, ioctls; three u64 */
const API_STRUCT_BYTES = 24
const FEATURES_OFFSET = 8

/**
 * Makes a new userfaultfd usable: agrees on the API version and on what it reports.
 *
 * @returns All the features the kernel has
 * @throws {SystemError} EINVAL when the kernel lacks one of `features`
 */
export function agreeUffdApi(fd: number, features: bigint): bigint {
  const api = Buffer.alloc(API_STRUCT_BYTES)
  api.writeBigUInt64LE(UFFD_API)
  api.writeBigUInt64LE(features, FEATURES_OFFSET)
  if (ioctl(fd, UFFDIO_API, api) !== 0) throw SystemError.last("agreeing on the userfaultfd API")
  return api.readBigUInt64LE(FEATURES_OFFSET)
}
