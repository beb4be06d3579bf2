// Builds the engine with CMake, in build/native of the package's folder.
//
//   N1. One build at a time: a second one, of another process, waits for the first.
//   N2. A file that a running process may have mapped is replaced by a rename, never written into.
//   N3. Nothing is fetched: the headers of Node-API come from the package node-api-headers.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { createServer, type Server } from "node:net";
import { availableParallelism } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { findToolchain, type Toolchain } from "./native-toolchain.ts";

/** How the sources are compiled; each has a folder of its own. */
export type Variant = "release" | "address" | "thread" | "coverage";

export interface BuildWish {
  readonly variant: Variant;
  /** CMake's targets: `signalbox_engine`, `NAME_test`, `NAME_main`. */
  readonly targets: readonly string[];
  /** Warnings are errors: for us, not for whoever installs the package with a newer compiler. */
  readonly strict: boolean;
  /** Told now and then how far the compiler is: `[12/70] Building …`. */
  readonly onProgress?: (line: string) => void;
}

export interface Built {
  /** Where the targets' executables are. */
  readonly folder: string;
  readonly log: string;
}

/** What went wrong, with the compiler's words. */
export class BuildError extends Error {}

/** In a clone this file is in tools/, in the package in dist/tools/. */
const IN_CLONE = import.meta.filename.endsWith(".ts");
export const PACKAGE_ROOT = resolve(import.meta.dirname, IN_CLONE ? ".." : join("..", ".."));
export const SOURCES = join(PACKAGE_ROOT, "native");
export const BUILD_FOLDER = join(PACKAGE_ROOT, "build", "native");
export const ADDON_TARGET = "signalbox_engine";
export const ADDON_FILE = join(BUILD_FOLDER, `${ADDON_TARGET}.node`);

/** A unit with the widest kernels takes about this much of a compiler. */
const BYTES_PER_JOB = 1024 ** 3;
const LOCK_POLL_MS = 200;

/** Flags by variant. Sanitizers at -O1: an order of magnitude faster than none, and still exact. */
const VARIANT_FLAGS: Readonly<Record<Variant, readonly string[]>> = {
  release: ["-DCMAKE_BUILD_TYPE=Release"],
  address: [
    "-DCMAKE_BUILD_TYPE=None",
    "-DCMAKE_CXX_FLAGS=-O1",
    "-DSIGNALBOX_SANITIZE=address,undefined",
  ],
  thread: ["-DCMAKE_BUILD_TYPE=None", "-DCMAKE_CXX_FLAGS=-O1", "-DSIGNALBOX_SANITIZE=thread"],
  coverage: ["-DCMAKE_BUILD_TYPE=Release", "-DSIGNALBOX_COVERAGE=ON"],
};

/** Names of the test executables there are, without a build. */
export function nativeTestNames(): string[] {
  const files = readdirSync(join(SOURCES, "test")).filter((name) => name.endsWith("_test.cpp"));
  return files.map((name) => name.slice(0, -".cpp".length)).toSorted();
}

/** Null where the engine can be built; else what is missing, in words. */
export function whyNoBuild(): string | null {
  return findToolchain().missing;
}

/** Builds what changed, below `root`. Throws BuildError. */
export async function buildNative(wish: BuildWish, root: string = BUILD_FOLDER): Promise<Built> {
  const { toolchain, missing } = findToolchain();
  if (toolchain === null) throw new BuildError(`the engine cannot be built here: ${missing}`);
  const folder = join(root, wish.variant);
  mkdirSync(folder, { recursive: true });
  const lock = createHash("sha256").update(folder).digest("hex");
  return await withLock(lock, async () => {
    const configured = await configure(toolchain, folder, wish);
    const jobs = String(jobsHere());
    const argv = ["--build", folder, "--parallel", jobs, "--target", ...wish.targets];
    const built = await run(toolchain.cmake, argv, wish.onProgress);
    if (wish.variant === "release" && wish.targets.includes(ADDON_TARGET)) {
      replaceFile(join(folder, `${ADDON_TARGET}.node`), join(root, `${ADDON_TARGET}.node`));
    }
    return { folder, log: configured + built };
  });
}

/** As many compilers at once as there are cores, and memory for. */
export function jobsHere(): number {
  return Math.max(
    1,
    Math.min(availableParallelism(), Math.floor(process.availableMemory() / BYTES_PER_JOB)),
  );
}

/** Puts a copy in place whole or not at all; leaves a file that is the same already. */
export function replaceFile(from: string, to: string): void {
  if (existsSync(to) && readFileSync(from).equals(readFileSync(to))) return;
  mkdirSync(dirname(to), { recursive: true });
  const beside = `${to}.${process.pid}`;
  copyFileSync(from, beside);
  renameSync(beside, to);
}

async function configure(toolchain: Toolchain, folder: string, wish: BuildWish): Promise<string> {
  const flags = [
    `-DCMAKE_CXX_COMPILER=${toolchain.compiler}`,
    `-DCMAKE_CXX_COMPILER_LAUNCHER=${toolchain.ccache ?? ""}`,
    `-DNODE_API_INCLUDE=${nodeApiHeaders()}`,
    `-DSIGNALBOX_ADDON=${wish.variant === "release" ? "ON" : "OFF"}`,
    `-DSIGNALBOX_STRICT=${wish.strict ? "ON" : "OFF"}`,
    ...VARIANT_FLAGS[wish.variant],
  ];
  const wanted = [toolchain.generator, ...flags].join("\n");
  const record = join(folder, "configured-as");
  if (existsSync(record) && readFileSync(record, "utf8") === wanted) return "";
  // Another compiler or generator cannot take over a folder.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const argv = ["-S", SOURCES, "-B", folder, "-G", toolchain.generator, ...flags];
  const log = await run(toolchain.cmake, argv);
  writeFileSync(record, wanted);
  return log;
}

function nodeApiHeaders(): string {
  const manifest = createRequire(import.meta.url).resolve("node-api-headers/package.json");
  return join(dirname(manifest), "include");
}

const PROGRESS_MS = 5_000;

async function run(
  command: string,
  argv: readonly string[],
  onProgress: (line: string) => void = () => {},
): Promise<string> {
  const { promise, resolve: done, reject } = Promise.withResolvers<number | null>();
  const child = spawn(command, argv, { stdio: ["ignore", "pipe", "pipe"] });
  const said: Buffer[] = [];
  let toldAt = performance.now();
  child.stdout.on("data", (bytes: Buffer) => {
    said.push(bytes);
    const line = /^\[.*$/mu.exec(bytes.toString())?.[0];
    if (line === undefined || performance.now() - toldAt < PROGRESS_MS) return;
    toldAt = performance.now();
    onProgress(line);
  });
  child.stderr.on("data", (bytes: Buffer) => said.push(bytes));
  child.on("error", reject).on("close", done);
  const code = await promise;
  const log = Buffer.concat(said).toString("utf8");
  if (code !== 0) throw new BuildError(`${command} ${argv.join(" ")}\n${log}`);
  return log;
}

/**
 * The lock is a name that the kernel gives one process at a time, and takes back when it ends,
 * however it ends.
 */
async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  let server = await takeName(name);
  while (server === null) {
    await sleep(LOCK_POLL_MS);
    server = await takeName(name);
  }
  try {
    return await work();
  } finally {
    server.close();
  }
}

/** A listening abstract socket, or null when another process has that name. */
async function takeName(name: string): Promise<Server | null> {
  const { promise, resolve: done, reject } = Promise.withResolvers<Server | null>();
  const server = createServer();
  server.on("error", (reason: NodeJS.ErrnoException) => {
    if (reason.code === "EADDRINUSE") done(null);
    else reject(reason);
  });
  server.listen(`\0signalbox-build-${name}`, () => done(server));
  return await promise;
}
