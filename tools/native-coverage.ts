// Which lines of the engine its C++ tests run, by gcov's records of a build with --coverage.
// The format: https://gcc.gnu.org/onlinedocs/gcc/Invoking-Gcov.html, --json-format.

import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";

import { BuildError } from "./native-build.ts";
import { findToolchain } from "./native-toolchain.ts";

/** What gcov says of one object file, as far as it is read here. */
export interface GcovRecord {
  readonly files: readonly {
    readonly file: string;
    readonly lines: readonly { readonly line_number: number; readonly count: number }[];
  }[];
}

export interface Coverage {
  /** As asked for: a path, or the first part of one. */
  readonly name: string;
  readonly lines: number;
  readonly run: number;
  /** Numbers of the lines that nothing ran, by file. */
  readonly missed: ReadonlyMap<string, readonly number[]>;
}

/**
 * Shares of lines that must be run: tensor parallelism is `comm` and `model`, what decides about
 * requests is `batch` and `kv`.
 */
export const LEAST: Readonly<Record<string, number>> = {
  comm: 0.9,
  model: 0.9,
  batch: 0.9,
  kv: 0.9,
};

const RECORD_BYTES_MAX = 256 * 1024 ** 2;

/**
 * By folder of `sources`, sorted. A line that several objects have, as in headers, was run when any
 * of them ran it. Files outside are left out.
 */
export function byFolder(records: readonly GcovRecord[], sources: string): Coverage[] {
  const files = new Map<string, Map<number, boolean>>();
  for (const { file, lines } of records.flatMap((record) => record.files)) {
    const path = relative(sources, file);
    if (path.startsWith("..") || !path.includes("/")) continue;
    const seen = files.get(path) ?? new Map<number, boolean>();
    files.set(path, seen);
    for (const { line_number: line, count } of lines) {
      seen.set(line, (seen.get(line) ?? false) || count > 0);
    }
  }
  const folders = Map.groupBy(
    [...files].toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ([path]) => path.slice(0, path.indexOf("/")),
  );
  return [...folders].map(([name, inside]) => {
    const missed = new Map<string, number[]>();
    let lines = 0;
    for (const [path, seen] of inside) {
      lines += seen.size;
      const not = [...seen].filter(([, run]) => !run).map(([line]) => line);
      if (not.length > 0)
        missed.set(
          path,
          not.toSorted((a, b) => a - b),
        );
    }
    const count = [...missed.values()].reduce((sum, it) => sum + it.length, 0);
    return { name, lines, run: lines - count, missed };
  });
}

/** Forgets what earlier runs of the executables in `folder` counted. */
export function forgetCounts(folder: string): void {
  for (const file of countFiles(folder)) rmSync(file);
}

/** What ran since then, of the objects below `folder`. Throws BuildError where gcov fails. */
export function readCounts(folder: string): GcovRecord[] {
  const compiler = findToolchain().toolchain?.compiler ?? "g++";
  const gcov = join(dirname(compiler), basename(compiler).replace(/[gc]\+\+/u, "gcov"));
  return countFiles(folder).map((file) => {
    const { status, stdout, stderr, error } = spawnSync(
      gcov,
      ["--json-format", "--stdout", basename(file)],
      { cwd: dirname(file), encoding: "utf8", maxBuffer: RECORD_BYTES_MAX },
    );
    if (status !== 0) throw new BuildError(`${gcov} ${file}: ${error?.message ?? stderr}`);
    return JSON.parse(stdout) as GcovRecord;
  });
}

function countFiles(folder: string): string[] {
  const inside = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return inside.filter((name) => name.endsWith(".gcda")).map((name) => join(folder, name));
}

/** `[3, 4, 5, 9]` is `3-5, 9`. */
export function ranges(lines: readonly number[]): string {
  const parts: [number, number][] = [];
  for (const line of lines) {
    const last = parts.at(-1);
    if (last !== undefined && last[1] === line - 1) last[1] = line;
    else parts.push([line, line]);
  }
  return parts.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(", ");
}
