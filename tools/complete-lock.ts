// Completes package-lock.json after `npm install`, and with `--check` only says what is wrong.
//
// Some registries do not carry the binaries of other platforms. npm then leaves those optional
// packages out of the lockfile it writes, and a later npm (11.19) refuses that lockfile at `npm
// ci`. Added here by name and version, they cost nothing where they do not fit and are found where
// they do.
//
//   K1. Every optional dependency of every locked package resolves to an entry of that version.
//   K2. No entry names the registry or the machine it came from.

import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

interface LockedPackage {
  version?: string;
  resolved?: string;
  integrity?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}
export interface Lock {
  packages: Record<string, LockedPackage>;
}

const SYSTEMS = [
  ...["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony"],
  ...["sunos", "win32"],
];
/** Spelling in a package's name to npm's word, longest first. */
const PROCESSORS: readonly [string, string][] = [
  ["mips64el", "mips64el"],
  ["loong64", "loong64"],
  ["riscv64", "riscv64"],
  ["aarch64", "arm64"],
  ["wasm32", "wasm32"],
  ["ppc64", "ppc64"],
  ["s390x", "s390x"],
  ["armv7", "arm"],
  ["arm64", "arm64"],
  ["ia32", "ia32"],
  ["x64", "x64"],
  ["arm", "arm"],
];

/** Adds what is missing to `lock` and takes places out of it; says what it did, in sentences. */
export function completeLock(lock: Lock): string[] {
  const done: string[] = [];
  for (const [at, entry] of Object.entries(lock.packages)) {
    if (entry.resolved !== undefined) {
      delete entry.resolved;
      done.push(`${at || "the root"} named where it came from`);
    }
  }
  const byDepth = Object.entries(lock.packages).toSorted(([a], [b]) => depthOf(a) - depthOf(b));
  for (const [at, entry] of byDepth) {
    for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
      const found = resolveFrom(lock, at, name);
      if (found !== null && (found.entry.version === range || !isExact(range))) continue;
      const place = found === null ? `node_modules/${name}` : `${at}/node_modules/${name}`;
      lock.packages[place] = platformPackage(name, range, entry.dev === true);
      done.push(`${place} ${range} was missing`);
    }
  }
  lock.packages = Object.fromEntries(
    Object.entries(lock.packages).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
  return done;
}

/** The way Node looks a package up: beside, then one `node_modules` further out each time. */
function resolveFrom(lock: Lock, at: string, name: string): { entry: LockedPackage } | null {
  for (let from = at; ;) {
    const entry =
      lock.packages[from === "" ? `node_modules/${name}` : `${from}/node_modules/${name}`];
    if (entry !== undefined) return { entry };
    if (from === "") return null;
    const cut = from.lastIndexOf("/node_modules/");
    from = cut < 0 ? "" : from.slice(0, cut);
  }
}

function platformPackage(name: string, range: string, dev: boolean): LockedPackage {
  const words = name.slice(name.lastIndexOf("/") + 1);
  const os = SYSTEMS.filter((system) => words.includes(system));
  const cpu = PROCESSORS.find(([spelling]) => words.includes(spelling))?.[1];
  if (os.length === 0 && cpu === undefined) {
    throw new Error(
      `${name} is missing and names no platform: run npm install where it can be had`,
    );
  }
  const libc = words.includes("musl") ? "musl" : words.includes("gnu") ? "glibc" : null;
  return {
    version: range.replace(/^[\^~]/, ""),
    ...(cpu === undefined ? {} : { cpu: [cpu] }),
    ...(dev ? { dev: true } : {}),
    ...(libc === null || !os.includes("linux") ? {} : { libc: [libc] }),
    optional: true,
    ...(os.length === 0 ? {} : { os }),
  };
}

function isExact(range: string): boolean {
  return /^\d+\.\d+\.\d+/.test(range);
}

function depthOf(at: string): number {
  return at === "" ? 0 : at.split("node_modules/").length;
}

if (process.argv[1] === import.meta.filename) {
  const file = join(resolve(import.meta.dirname, ".."), "package-lock.json");
  const lock = JSON.parse(readFileSync(file, "utf8")) as Lock;
  const done = completeLock(lock);
  if (!process.argv.includes("--check")) {
    writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
    process.stdout.write(`package-lock.json: ${done.length} changes\n`);
  } else if (done.length > 0) {
    process.stderr.write(`package-lock.json: ${done.join("; ")}. Run: npm run lock\n`);
    process.exitCode = 1;
  }
}
