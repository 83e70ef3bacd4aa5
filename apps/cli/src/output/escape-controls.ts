/**
 * Writes control characters as `\uXXXX`, so that text from a sandbox cannot move the cursor, retitle the terminal or make up
 * lines of its own.
 */
export function escapeControls(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, escapeControl)
}

/** The same for text of several lines, whose ends of line are kept */
export function escapeControlsOfLines(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n]/gu, escapeControl)
}

function escapeControl(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
}
