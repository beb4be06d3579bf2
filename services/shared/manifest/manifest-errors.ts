// What can be wrong with a manifest, collected against pointers into it and given positions at the
// end, so that the usual case, a manifest without errors, never pays for positions.

/** One thing wrong (or worth a warning), where it is, and what to do about it. */
export interface ManifestError {
  readonly file: string;
  /** From 1; both are 1 when the whole file is meant. */
  readonly line: number;
  readonly column: number;
  /** JSON pointer (RFC 6901) to the value meant; "" is the whole manifest. */
  readonly path: string;
  readonly message: string;
  /** What to write instead, as a sentence. */
  readonly hint: string;
}

export type Path = readonly (string | number)[];

/** Which part of a member is meant: its key, its value, or the nth reference inside its text. */
export type Spot = "key" | "value" | { readonly reference: number };

export interface Finding {
  readonly path: Path;
  readonly spot: Spot;
  readonly message: string;
  readonly hint: string;
}

/** More than a person would read at once; what follows is usually the same mistake again. */
export const ERRORS_MAX = 50;

export class Findings {
  readonly errors: Finding[] = [];
  readonly warnings: Finding[] = [];

  get full(): boolean {
    return this.errors.length >= ERRORS_MAX;
  }

  error(path: Path, message: string, hint: string, spot: Spot = "value"): void {
    if (!this.full) this.errors.push({ path, spot, message, hint });
  }

  warn(path: Path, message: string, hint: string, spot: Spot = "value"): void {
    if (this.warnings.length < ERRORS_MAX) this.warnings.push({ path, spot, message, hint });
  }
}

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Findings with their positions, in the order of the file. */
export function locateFindings(
  findings: readonly Finding[],
  file: string,
  locate: (path: Path, spot: Spot) => Position,
): ManifestError[] {
  return findings
    .map(({ path, spot, message, hint }) => ({
      file,
      ...locate(path, spot),
      path: pointerOf(path),
      message,
      hint,
    }))
    .sort((a, b) => a.line - b.line || a.column - b.column);
}

/** RFC 6901. */
export function pointerOf(path: Path): string {
  return path
    .map((step) => `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`)
    .join("");
}

/** `si.yaml:12:5: message`, with the hint on a line of its own. */
export function formatManifestError(error: ManifestError): string {
  const place = `${error.file}:${error.line}:${error.column}`;
  return `${place}: ${error.message}\n  ${error.hint}`;
}
