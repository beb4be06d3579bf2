// Which seeds a test run plays: others with every commit, the same for everybody at one commit.

import { execFileSync } from "node:child_process";

/** Where there is no git, as in an unpacked archive. */
const FALLBACK_SEED = 20_261_121;

export function seedOfCommit(): number {
  try {
    const commit = execFileSync("git", ["rev-parse", "HEAD"], {
      cwd: import.meta.dirname,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
    const seed = Number.parseInt(commit.slice(0, 8), 16);
    return Number.isSafeInteger(seed) ? seed : FALLBACK_SEED;
  } catch {
    return FALLBACK_SEED;
  }
}
