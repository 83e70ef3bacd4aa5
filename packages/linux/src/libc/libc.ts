import koffi from "koffi"

/** The C library, loaded once per thread; the only native library Thaw calls */
const library = koffi.load("libc.so.6")

/** A bound C function, to be narrowed to what its declaration takes and gives */
export type LibcFunction = (...args: never[]) => unknown

/**
 * Binds a C function.
 *
 * A `void *` takes a Buffer, which is passed by its address and not copied, or an address, or null. What C declares with `...` is bound with the
 * arguments of the one use: on x86-64 and arm64 Linux the callee finds them in the same registers.
 *
 * @param declaration C prototype of the function
 */
export function bindLibc(declaration: string): LibcFunction {
  return library.func(declaration) as LibcFunction
}
