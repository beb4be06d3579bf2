// The one place where text becomes part of a shell script. Everything that a generated script
// carries and that did not come from this repository passes through here.

import { Failure } from "#shared/base/errors.ts";

/**
 * One shell word that means exactly `text`, for any POSIX shell. Refuses NUL, which no argument,
 * variable or path can hold. A CR is kept apart from a following LF: sbatch refuses a script with
 * DOS line breaks wherever they stand.
 */
export function shellQuote(text: string): string {
  if (text.includes("\0")) {
    throw new Failure("INVALID", "a NUL character cannot be part of a command, path or variable");
  }
  return `'${text.replaceAll("'", "'\\''").replaceAll("\r\n", "\r''\n")}'`;
}
