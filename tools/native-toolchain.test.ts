// What is said where something is missing that building the engine needs.

import { spawnSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";

import { BuildError, buildNative, jobsHere, nativeTestNames, replaceFile } from "./native-build.ts";
import { findToolchain } from "./native-toolchain.ts";

const root = mkdtempSync(join(tmpdir(), "signalbox-toolchain-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let bin = "";
let count = 0;
beforeEach(() => {
  bin = join(root, `bin${(count += 1)}`);
  mkdirSync(bin);
});

/** A program in the only folder of PATH. */
function program(name: string, script: string): string {
  const path = join(bin, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

const compiler = (): string => program("g++", "exit 0");
const cmake = (version = "3.25.1"): string => program("cmake", `echo "cmake version ${version}"`);
const make = (): string => program("make", "exit 0");
const find = (more: NodeJS.ProcessEnv = {}) => findToolchain({ PATH: bin, ...more });

test("with everything there, its paths; Ninja and ccache are taken where they are", () => {
  const [path, cmakePath] = [compiler(), cmake()];
  make();
  expect(find()).toEqual({
    missing: null,
    toolchain: { compiler: path, cmake: cmakePath, generator: "Unix Makefiles", ccache: null },
  });
  program("ninja", "exit 0");
  const ccache = program("ccache", "exit 0");
  expect(find().toolchain).toMatchObject({ generator: "Ninja", ccache });
});

test("what is missing is named with its Debian package, all at once", () => {
  const { missing } = find();
  expect(missing).toMatch(/no C\+\+ compiler is in PATH \(Debian: apt-get install g\+\+\)/u);
  expect(missing).toMatch(/no cmake is in PATH \(Debian: apt-get install cmake\)/u);
  expect(missing).toMatch(/neither make nor ninja .*apt-get install make/u);
});

test("a compiler that is too old is named with its version and its own words", () => {
  cmake();
  make();
  const old = 'if [ "$1" = --version ]; then echo "g++ (GCC) 8.5.0"; exit 0; fi';
  program("g++", `${old}\necho "error: bit: No such file" >&2\nexit 1`);
  const { missing } = find();
  expect(missing).toMatch(
    /g\+\+ \(g\+\+ \(GCC\) 8\.5\.0\) cannot compile the engine: GCC 11 or Clang 14/u,
  );
  expect(missing).toMatch(/it said: error: bit: No such file/u);
});

test("another compiler is taken when the first is too old, and the one that CXX names before all", () => {
  cmake();
  make();
  program("g++", "exit 1");
  const clang = program("clang++", "exit 0");
  expect(find().toolchain?.compiler).toBe(clang);
  const own = program("my-compiler", "exit 0");
  expect(find({ CXX: "my-compiler" }).toolchain?.compiler).toBe(own);
  expect(find({ CXX: own }).toolchain?.compiler).toBe(own);
  expect(find({ CXX: "nowhere" }).missing).toContain("CXX names nowhere");
});

test("CMake below 3.20 is refused, and later ones are compared as numbers", () => {
  compiler();
  make();
  for (const [version, fits] of [
    ["3.19.8", false],
    ["3.20.0", true],
    ["3.100.0", true],
    ["4.0.2", true],
    ["2.99", false],
  ] as const) {
    cmake(version);
    expect(find().missing === null, version).toBe(fits);
  }
  cmake("3.13.4");
  expect(find().missing).toMatch(/cmake version 3\.13\.4.*needs CMake 3\.20 or newer/u);
});

test("the command says what is missing on standard error and ends 3", () => {
  const run = spawnSync(process.execPath, [join(import.meta.dirname, "build-native.ts")], {
    encoding: "utf8",
    env: { PATH: bin },
  });
  expect(run.status).toBe(3);
  expect(run.stdout).toBe("");
  expect(run.stderr).toMatch(/^the engine cannot be built here: no C\+\+ compiler/u);
});

test("a build that fails has the tools' words", async () => {
  const before = process.env["PATH"];
  compiler();
  make();
  program(
    "cmake",
    'case "$1" in --version) echo 3.25;; *) echo "CMake Error: odd" >&2; exit 1;; esac',
  );
  process.env["PATH"] = bin;
  try {
    const wish = { variant: "thread", targets: ["door_test"], strict: true } as const;
    const folder = join(root, "build");
    const failed = buildNative(wish, folder);
    await expect(failed).rejects.toThrow(BuildError);
    await expect(failed).rejects.toThrow(/CMake Error: odd/u);
    expect(existsSync(join(folder, "thread", "configured-as"))).toBe(false);
  } finally {
    process.env["PATH"] = before;
  }
});

test("builds of one folder wait for each other", async () => {
  const before = process.env["PATH"];
  compiler();
  make();
  const busy = join(bin, "busy");
  program(
    "cmake",
    `case "$1" in --version) echo 3.25; exit;; esac
    /bin/mkdir ${busy} || exit 9
    /bin/sleep 0.1
    /bin/rmdir ${busy}`,
  );
  process.env["PATH"] = bin;
  try {
    const wish = { variant: "thread", targets: ["door_test"], strict: true } as const;
    const folder = join(root, "shared-build");
    const built = await Promise.all([1, 2, 3].map(() => buildNative(wish, folder)));
    expect(built).toHaveLength(3);
  } finally {
    process.env["PATH"] = before;
  }
});

test("the addon does not wait for a watched build of the tests", async () => {
  const before = process.env["PATH"];
  compiler();
  make();
  const released = join(bin, "released");
  // The watched build ends only when the other one has begun, or fails after ten seconds.
  program(
    "cmake",
    `case "$1 $2" in --version*) echo 3.25;; "--build "*release) : >${released};; "--build "*)
    i=0; until [ -e ${released} ]; do i=$((i + 1)); [ $i -lt 100 ] || exit 9; /bin/sleep 0.1; done
    esac`,
  );
  process.env["PATH"] = bin;
  try {
    const folder = join(root, "two-builds");
    const wish = { targets: ["door_test"], strict: true } as const;
    const watched = buildNative({ ...wish, variant: "thread" }, folder);
    await Promise.all([watched, buildNative({ ...wish, variant: "release" }, folder)]);
  } finally {
    process.env["PATH"] = before;
  }
});

test("a file is replaced by another, never written into, and only when it differs", () => {
  const [from, to] = [join(bin, "new"), join(bin, "folder", "old")];
  writeFileSync(from, "one");
  replaceFile(from, to);
  const { ino } = statSync(to);
  replaceFile(from, to);
  expect(statSync(to).ino).toBe(ino);
  const open = openSync(to, "r");
  writeFileSync(from, "two");
  replaceFile(from, to);
  expect(readFileSync(to, "utf8")).toBe("two");
  expect(readFileSync(open, "utf8")).toBe("one");
  closeSync(open);
});

test("there is at least one job, and there are tests to build", () => {
  expect(jobsHere()).toBeGreaterThanOrEqual(1);
  expect(nativeTestNames()).toContain("door_test");
});
