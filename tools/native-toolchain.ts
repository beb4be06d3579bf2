// What building the engine takes from a machine: a C++20 compiler, CMake, and make or Ninja. What
// is missing or too old is said in words, with the Debian package that has it.

import { spawnSync } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

export interface Toolchain {
  /** Paths. */
  readonly compiler: string;
  readonly cmake: string;
  readonly generator: "Ninja" | "Unix Makefiles";
  /** Null: every file is compiled anew after a clean. */
  readonly ccache: string | null;
}

/** In words for a person: "g++ (Debian 12.2.0-14) 12.2.0". */
export interface ToolchainFound {
  readonly toolchain: Toolchain;
  readonly missing: null;
}

export interface ToolchainMissing {
  readonly toolchain: null;
  /** A sentence for each thing that is missing. */
  readonly missing: string;
}

const CMAKE_MIN: readonly [number, number] = [3, 20];

/**
 * What the sources need of a compiler: the library of C++20 and, on x86, the newest instructions.
 * GCC 11 and Clang 14 are the first that have all.
 */
const PROBE = `#include <bit>
#include <semaphore>
#include <span>
#include <thread>
template <class T> requires(sizeof(T) == 4) unsigned bits(T value) {
  return std::bit_cast<unsigned>(value);
}
int main() {
  const int values[] = {1};
  return static_cast<int>(bits(1.0f) + std::span<const int>(values).size());
}
`;
const X86_FLAGS = ["-mavx2", "-mfma", "-mavx512f", "-mavx512bf16", "-mamx-tile", "-mamx-bf16"];

/** Looks in PATH, and for the compiler at CXX first. */
export function findToolchain(
  env: NodeJS.ProcessEnv = process.env,
): ToolchainFound | ToolchainMissing {
  const compiler = findCompiler(env);
  const cmake = findCmake(env);
  const ninja = inPath("ninja", env);
  const make = inPath("make", env);
  const missing = [
    ...(typeof compiler === "string" ? [compiler] : []),
    ...(typeof cmake === "string" ? [cmake] : []),
    ...(ninja === null && make === null
      ? ["neither make nor ninja is in PATH (Debian: apt-get install make)"]
      : []),
  ];
  if (missing.length > 0 || typeof compiler === "string" || typeof cmake === "string") {
    return { toolchain: null, missing: missing.join("; ") };
  }
  const toolchain: Toolchain = {
    compiler: compiler.path,
    cmake: cmake.path,
    generator: ninja === null ? "Unix Makefiles" : "Ninja",
    ccache: inPath("ccache", env),
  };
  return { toolchain, missing: null };
}

/** The path, or why there is none. */
type Tool = { readonly path: string } | string;

function findCompiler(env: NodeJS.ProcessEnv): Tool {
  const named = env["CXX"];
  const names = named === undefined || named === "" ? ["g++", "c++", "clang++"] : [named];
  const refusals: string[] = [];
  for (const name of names) {
    const path = inPath(name, env);
    if (path === null) continue;
    const why = whyTooOld(path, env);
    if (why === null) return { path };
    refusals.push(why);
  }
  if (refusals[0] !== undefined) return refusals[0];
  const where = named === undefined || named === "" ? "" : ` (CXX names ${named})`;
  return `no C++ compiler is in PATH${where} (Debian: apt-get install g++)`;
}

function whyTooOld(compiler: string, env: NodeJS.ProcessEnv): string | null {
  const folder = mkdtempSync(join(tmpdir(), "signalbox-compiler-"));
  try {
    const source = join(folder, "probe.cpp");
    writeFileSync(source, PROBE);
    const flags = ["-std=c++20", "-fsyntax-only", ...(process.arch === "x64" ? X86_FLAGS : [])];
    const probe = spawnSync(compiler, [...flags, source], { encoding: "utf8", env });
    if (probe.status === 0) return null;
    const version = firstLine(spawnSync(compiler, ["--version"], { encoding: "utf8", env }).stdout);
    const said = firstLine(probe.stderr) || `exit ${probe.status ?? probe.signal}`;
    return (
      `${compiler} (${version}) cannot compile the engine: GCC 11 or Clang 14 is the oldest that can ` +
      `(Debian 12: apt-get install g++); it said: ${said}`
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function findCmake(env: NodeJS.ProcessEnv): Tool {
  const least = CMAKE_MIN.join(".");
  const path = inPath("cmake", env);
  if (path === null) return `no cmake is in PATH (Debian: apt-get install cmake)`;
  const said = firstLine(spawnSync(path, ["--version"], { encoding: "utf8", env }).stdout);
  const [major = 0, minor = 0] = (/(\d+)\.(\d+)/u.exec(said) ?? []).slice(1).map(Number);
  const enough = major > CMAKE_MIN[0] || (major === CMAKE_MIN[0] && minor >= CMAKE_MIN[1]);
  return enough ? { path } : `${path} is "${said}", and the engine needs CMake ${least} or newer`;
}

export function inPath(name: string, env: NodeJS.ProcessEnv): string | null {
  const places = name.includes("/")
    ? [name]
    : (env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, name));
  return places.find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function firstLine(text: string | null): string {
  return (
    (text ?? "")
      .split("\n")
      .find((line) => line.trim() !== "")
      ?.trim() ?? ""
  );
}
