// Left-aligned columns. The last column may be long: it is cut at the terminal's width, or left
// whole in a pipe (`columns` = Infinity).

import { cutTo, padTo, widthOf } from "./text.ts";

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** Applied after the cell was padded and cut. */
  readonly paint?: (text: string, row: Row) => string;
}

/** The header and one line per row, none ending in spaces. */
export function tableLines<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  terminalColumns: number,
  paintTitle: (text: string) => string = (text) => text,
): string[] {
  const cells = rows.map((row) => columns.map((column) => column.cell(row)));
  const widths = columns.map((column, i) =>
    Math.max(widthOf(column.title), ...cells.map((line) => widthOf(line[i] ?? ""))),
  );
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0);
  const lastWidth = Math.max(8, terminalColumns - before);
  const last = columns.length - 1;
  const fit = (text: string, i: number): string =>
    i === last ? cutTo(text, lastWidth) : padTo(text, widths[i] ?? 0);
  const header = columns
    .map((column, i) => fit(column.title, i))
    .join("  ")
    .trimEnd();
  const lines = cells.map((line, r) =>
    columns
      .map((column, i) => {
        const text = fit(line[i] ?? "", i);
        const row = rows[r];
        return column.paint === undefined || row === undefined ? text : column.paint(text, row);
      })
      .join("  ")
      .trimEnd(),
  );
  return [paintTitle(header), ...lines];
}
