// Text that is safe and fits. Everything a server, a cluster or a job said passes through here
// before it reaches a terminal: an escape sequence in a job's error must not move the cursor.

const CONTROL = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
// oxlint-disable-next-line no-control-regex -- our own colour codes are what is taken out.
const COLOUR = /\u001b\[[0-9;]*m/gu;

/** One line without control characters; each becomes `\xNN`, line breaks become `⏎`. */
export function printable(text: string): string {
  return text
    .replace(/\r?\n$/u, "")
    .replace(/\r?\n/gu, " ⏎ ")
    .replace(/\t/gu, " ")
    .replace(CONTROL, (char) => {
      const code = char.charCodeAt(0).toString(16);
      return code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, "0")}`;
    });
}

/** Cells a text takes on a terminal, without the colour codes in it. */
export function widthOf(text: string): number {
  let width = 0;
  for (const char of text.replace(COLOUR, "")) width += cellsOf(char.codePointAt(0) ?? 0);
  return width;
}

/** East Asian wide and emoji ranges take two cells (Unicode UAX #11), combining marks none. */
function cellsOf(code: number): number {
  if (code < 0x300) return 1;
  if (code <= 0x36f || code === 0x200d || (code >= 0xfe00 && code <= 0xfe0f)) return 0;
  const wide =
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd);
  return wide ? 2 : 1;
}

/** Filled with spaces to `width` cells; longer texts stay as they are. */
export function padTo(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - widthOf(text)));
}

/** At most `width` cells, with `…` where something was cut. The text must have no colour codes. */
export function cutTo(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  if (width <= 1) return "…".slice(0, Math.max(0, width));
  let cut = "";
  let cells = 0;
  for (const char of text) {
    const next = cellsOf(char.codePointAt(0) ?? 0);
    if (cells + next > width - 1) break;
    cut += char;
    cells += next;
  }
  return `${cut}…`;
}
