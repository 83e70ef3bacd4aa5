import { escapeControls } from "./escape-controls.ts"

const COLUMN_GAP = "  "

/** Lays out rows of text in columns as wide as their widest cell, the first row being the heading; control characters are escaped */
export function formatTable(table: readonly (readonly string[])[]): string {
  const rows = table.map((row) => row.map(escapeControls))
  const columnCount = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: columnCount }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join(COLUMN_GAP)
          .trimEnd()}\n`,
    )
    .join("")
}
