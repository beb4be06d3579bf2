// What every benchmark prints beside its figures, and how figures are made from samples.

import { execFileSync } from "node:child_process";
import { cpus, loadavg, totalmem } from "node:os";

/** The p-th percentile (nearest rank) of samples in any order; NaN of none. */
export function percentile(samples: readonly number[], p: number): number {
  if (samples.length === 0) return Number.NaN;
  const sorted = samples.toSorted((a, b) => a - b);
  return (
    sorted[Math.min(sorted.length - 1, Math.ceil((p / 100) * sorted.length) - 1)] ?? Number.NaN
  );
}

export function median(samples: readonly number[]): number {
  return percentile(samples, 50);
}

export function rounded(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}

/** Machine and commit, to stand beside every figure. */
export function circumstances(): string {
  const model = cpus()[0]?.model.trim() ?? "unknown CPU";
  const memory = Math.round(totalmem() / 2 ** 30);
  const load = loadavg()[0]?.toFixed(1) ?? "?";
  return `${cpus().length} × ${model}, ${memory} GiB, Node ${process.versions.node}, load ${load}, commit ${commit()}`;
}

function commit(): string {
  const git = (...args: string[]): string =>
    execFileSync("git", ["-C", import.meta.dirname, ...args], { encoding: "utf8" }).trim();
  try {
    const dirty = git("status", "--porcelain") === "" ? "" : " with changes";
    return git("rev-parse", "--short", "HEAD") + dirty;
  } catch {
    return "unknown";
  }
}
