// The Node versions that the addon must load on, and where one of each is: this process's own,
// those in PATH, and what `npm run setup -- node` fetched.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

export const NODE_MAJORS: readonly number[] = [20, 22, 24];

/** A path, or null where none is. */
export function findNode(major: number): string | null {
  return candidates().find((path) => majorOf(path) === major) ?? null;
}

function candidates(): string[] {
  const inPath = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "node"));
  return [process.execPath, ...inPath, ...fetched()].filter((path) => existsSync(path));
}

/** The same rule as tools/setup.ts. */
function fetched(): string[] {
  const cache =
    process.env["SIGNALBOX_CACHE"] ||
    join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "signalbox");
  if (!existsSync(cache)) return [];
  const names = readdirSync(cache).filter((name) => /^node-\d/u.test(name));
  return names.map((name) => join(cache, name, "node"));
}

function majorOf(path: string): number {
  try {
    const version = execFileSync(path, ["--version"], { encoding: "utf8", timeout: 20_000 });
    return Number(/^v(\d+)\./u.exec(version)?.[1]);
  } catch {
    return NaN;
  }
}
