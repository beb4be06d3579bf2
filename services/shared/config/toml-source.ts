// A parsed TOML file that still knows on which line each key stands, for errors a user can act on.

import { parse, TomlError } from "smol-toml";

import { Failure } from "#shared/base/errors.ts";

export interface TomlSource {
  readonly root: object;
  /** `FILE:LINE` of a dotted key or table; `FILE` alone where the line cannot be told. */
  whereOf(dotted: string): string;
}

/** Throws INVALID with `FILE:LINE:COLUMN` for what is not TOML. */
export function parseTomlSource(file: string, text: string): TomlSource {
  const lines = linesOfKeys(text);
  const whereOf = (dotted: string): string => {
    const line = lines.get(dotted);
    return line === undefined ? file : `${file}:${line}`;
  };
  try {
    return { root: parse(text), whereOf };
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const reason = cause.message.split("\n")[0] ?? "";
    throw new Failure("INVALID", `${file}:${cause.line}:${cause.column}: ${reason}`, { cause });
  }
}

const HEADER = /^\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$/;
const ASSIGNMENT =
  /^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=/;

/** Good for what people write; a key inside a multi-line text may shadow nothing but itself. */
function linesOfKeys(text: string): Map<string, number> {
  const lines = new Map<string, number>();
  let section = "";
  for (const [index, line] of text.split("\n").entries()) {
    const header = HEADER.exec(line)?.[1];
    const assigned = ASSIGNMENT.exec(line)?.[1];
    if (header !== undefined) section = plain(header);
    else if (assigned === undefined) continue;
    const key = assigned === undefined ? "" : plain(assigned);
    const dotted = [section, key].filter((part) => part !== "").join(".");
    const parts = dotted.split(".");
    for (let depth = 1; depth <= parts.length; depth++) {
      const prefix = parts.slice(0, depth).join(".");
      if (!lines.has(prefix)) lines.set(prefix, index + 1);
    }
  }
  return lines;
}

function plain(key: string): string {
  return key
    .split(".")
    .map((part) => part.trim().replace(/^(["'])(.*)\1$/, "$2"))
    .join(".");
}
