/** Offsets in the header and program headers of a 64-bit little-endian ELF file, elf(5) */
const ELF_MAGIC = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1])
const ELF_HEADER_BYTES = 64
const E_TYPE = 16
const E_PHOFF = 32
const E_PHENTSIZE = 54
const E_PHNUM = 56
const ET_DYN = 3
const PT_DYNAMIC = 2
const PT_INTERP = 3

/** Whether `file` is a 64-bit x86 ELF file */
export function isElf64(file: Buffer): boolean {
  return file.length >= ELF_HEADER_BYTES && file.subarray(0, ELF_MAGIC.length).equals(ELF_MAGIC)
}

/** Whether `file` is an ELF executable that no dynamic loader is needed for */
export function isStaticExecutable(file: Buffer): boolean {
  const types = programHeaderTypes(file)
  return types !== undefined && !types.includes(PT_INTERP)
}

/** Whether `file` is an ELF shared object that a dynamic loader can load into a program */
export function isSharedObject(file: Buffer): boolean {
  const types = programHeaderTypes(file)
  if (types === undefined || file.readUInt16LE(E_TYPE) !== ET_DYN) return false
  return types.includes(PT_DYNAMIC) && !types.includes(PT_INTERP)
}

/** Types of the program headers; undefined when the file is no ELF file, or ends before they do */
function programHeaderTypes(file: Buffer): readonly number[] | undefined {
  if (!isElf64(file)) return undefined
  const headersOffset = Number(file.readBigUInt64LE(E_PHOFF))
  const headerBytes = file.readUInt16LE(E_PHENTSIZE)
  const headerCount = file.readUInt16LE(E_PHNUM)
  if (headersOffset + headerBytes * headerCount > file.length) return undefined
  return Array.from({ length: headerCount }, (_, index) =>
    file.readUInt32LE(headersOffset + index * headerBytes),
  )
}
