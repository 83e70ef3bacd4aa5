/** Unit of `st_blocks`, whatever the file system's block size; stat(2) */
export const STAT_BLOCK_BYTES = 512
