import { readWords } from "../libc/address.ts"
import { UFFD_EVENT, UFFD_MSG_BYTES, UFFD_PAGEFAULT_FLAG_WRITE } from "./uffd-abi.ts"

/** What a userfaultfd reports; addresses are those of the process that owns the memory */
export type UffdEvent =
  | { readonly kind: "pagefault"; readonly address: number; readonly isWrite: boolean }
  /** The pages from `start` up to `end` lost their content: later faults there want zeroes */
  | { readonly kind: "remove" | "unmap"; readonly start: number; readonly end: number }
  | { readonly kind: "remap"; readonly from: number; readonly to: number; readonly lengthBytes: number }
  /** `fd`: userfaultfd of the child, owned by the reader */
  | { readonly kind: "fork"; readonly fd: number }

const MSG_WORDS = UFFD_MSG_BYTES / 4

/**
 * Decodes one `struct uffd_msg`.
 *
 * @param words The messages read, back to back
 * @param index Which of them
 * @throws {Error} on an event this code does not know, which no kernel sends unasked
 */
export function decodeUffdEvent(words: Uint32Array, index: number): UffdEvent {
  const at = index * MSG_WORDS
  const event = (words[at] ?? 0) & 0xff
  switch (event) {
    case UFFD_EVENT.pagefault: {
      const isWrite = ((words[at + 2] ?? 0) & UFFD_PAGEFAULT_FLAG_WRITE) !== 0
      return { kind: "pagefault", address: readWords(words, at + 4), isWrite }
    }
    case UFFD_EVENT.remove:
      return { kind: "remove", start: readWords(words, at + 2), end: readWords(words, at + 4) }
    case UFFD_EVENT.unmap:
      return { kind: "unmap", start: readWords(words, at + 2), end: readWords(words, at + 4) }
    case UFFD_EVENT.remap: {
      const lengthBytes = readWords(words, at + 6)
      return { kind: "remap", from: readWords(words, at + 2), to: readWords(words, at + 4), lengthBytes }
    }
    case UFFD_EVENT.fork:
      return { kind: "fork", fd: words[at + 2] ?? 0 }
    default:
      throw new Error(`userfaultfd sent the unknown event ${event}`)
  }
}

/** Decodes all messages that were ever read to a place and not overwritten since: those of the last read, and behind them older ones */
export function decodeUffdEvents(words: Uint32Array): UffdEvent[] {
  const events: UffdEvent[] = []
  for (let index = 0; index < words.length / MSG_WORDS; index++) {
    if (words[index * MSG_WORDS] !== 0) events.push(decodeUffdEvent(words, index))
  }
  return events
}
