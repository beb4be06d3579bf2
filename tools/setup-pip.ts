// Runs the Python package installer, by whichever of its names this machine has.

import { spawnSync } from "node:child_process";

const NAMES: readonly (readonly [string, ...string[]])[] = [
  ["python3", "-m", "pip"],
  ["pip3"],
  ["pip"],
];

/** Null once one of them has ended well and `done()`; else what each said, in words. */
export function runPip(args: readonly string[], done: () => boolean): string | null {
  const tried: string[] = [];
  for (const [command, ...first] of NAMES) {
    const run = spawnSync(command, [...first, ...args], {
      encoding: "utf8",
      stdio: ["ignore", "ignore", "pipe"],
    });
    if (run.status === 0 && done()) return null;
    const why = run.error?.message ?? run.stderr.trim().split("\n").at(-1) ?? "";
    tried.push(`${[command, ...first].join(" ")}: ${why}`);
  }
  return tried.join("; ");
}
