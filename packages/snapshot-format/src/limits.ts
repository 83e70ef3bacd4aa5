import { GIB, MIB } from "@thaw/model"

/** Unit of every offset and length of the formats, and the page size of the guest */
export const BLOCK_BYTES = 4096

/** Largest guest memory, and largest data of one build */
export const MEMORY_BYTES_MAX = 1024 * GIB

/** Largest header file; a reader checks a file's size against it before it reads the file */
export const HEADER_BYTES_MAX = 256 * MIB
