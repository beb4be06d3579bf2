// Where and on what a run was made: it stands beside every figure.

import { execFileSync } from "node:child_process";
import { cpus, totalmem } from "node:os";

export function circumstances(): string {
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  const gib = Math.round(totalmem() / 2 ** 30);
  const [cpu] = cpus();
  const machine = `${cpus().length} CPUs (${cpu?.model ?? "unknown"}), ${gib} GiB`;
  return `${machine}, Node ${process.versions.node}, commit ${commit}.`;
}
