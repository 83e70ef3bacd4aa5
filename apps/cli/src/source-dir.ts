import { fileURLToPath } from "node:url"

/** Root of the checkout this program runs from */
export const SOURCE_DIR = fileURLToPath(new URL("../../../", import.meta.url)).replace(/\/$/, "")

/** This program, to be started again */
export const CLI_MAIN = fileURLToPath(new URL("main.ts", import.meta.url))
