// Builds the engine's addon, or builds and runs what tests and measures it.
//
//   node tools/build-native.ts                                 build/native/signalbox_engine.node
//   node tools/build-native.ts --tests [NAME…] [--sanitize address|thread | --coverage]
//   node tools/build-native.ts --bench NAME [ARGUMENTS…] NAME_main of native/bench, and runs it
//   node tools/build-native.ts --prebuilt prebuilt/linux-x64, for `npm pack`
//
// Needs a C++20 compiler and CMake, and fetches nothing. Ends 1 when a build or a test fails, 3
// when something is missing here.

import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

import {
  ADDON_FILE,
  ADDON_TARGET,
  BUILD_FOLDER,
  BuildError,
  buildNative,
  nativeTestNames,
  PACKAGE_ROOT,
  replaceFile,
  SOURCES,
  whyNoBuild,
  type Variant,
} from "./native-build.ts";
import { byFolder, forgetCounts, LEAST, ranges, readCounts } from "./native-coverage.ts";

const EXIT_FAILED = 1;
const EXIT_MISSING = 3;
const SANITIZERS: Readonly<Record<string, Variant>> = { address: "address", thread: "thread" };
/** A clone's compiler is one we know; an installed package's need not be. */
const STRICT = existsSync(join(SOURCES, "test"));

class UsageError extends Error {}

async function main(args: readonly string[]): Promise<number> {
  const [what, ...rest] = args;
  if (what === undefined) return await addon();
  if (what === "--prebuilt" && rest.length === 0) return await prebuilt();
  if (what === "--tests") return await tests(rest);
  if (what === "--bench" && rest[0] !== undefined) return await bench(rest[0], rest.slice(1));
  throw new UsageError(
    "usage: node tools/build-native.ts [--tests [NAME…] [--sanitize address|thread | --coverage] | " +
      "--bench NAME [ARGUMENTS…] | --prebuilt]",
  );
}

async function addon(): Promise<number> {
  await buildNative({
    ...{ variant: "release", targets: [ADDON_TARGET], strict: STRICT },
    onProgress: (line) => void process.stderr.write(`${line}\n`),
  });
  say(ADDON_FILE);
  return 0;
}

/** The addon without symbols, where the package carries it. */
async function prebuilt(): Promise<number> {
  await addon();
  const place = join(PACKAGE_ROOT, "prebuilt", `${process.platform}-${process.arch}`);
  const stripped = join(BUILD_FOLDER, `stripped.${process.pid}.node`);
  const strip = spawnSync("strip", ["--strip-unneeded", "-o", stripped, ADDON_FILE]);
  replaceFile(strip.status === 0 ? stripped : ADDON_FILE, join(place, `${ADDON_TARGET}.node`));
  rmSync(stripped, { force: true });
  say(join(place, `${ADDON_TARGET}.node`));
  return 0;
}

async function tests(args: readonly string[]): Promise<number> {
  const { values, positionals: names } = parseTestArguments(args);
  const { sanitize, coverage } = values;
  const variant = coverage ? "coverage" : sanitize === undefined ? "release" : SANITIZERS[sanitize];
  if (variant === undefined) throw new UsageError("--sanitize takes address or thread");
  if (coverage && sanitize !== undefined) {
    throw new UsageError("--coverage counts a build without sanitizers");
  }
  const chosen = nativeTestNames().filter(
    (name) => names.length === 0 || names.some((part) => name.includes(part)),
  );
  if (chosen.length === 0) throw new UsageError(`no test is called ${names.join(" or ")}`);
  const { folder } = await buildNative({ variant, targets: chosen, strict: STRICT });
  if (coverage) forgetCounts(folder);
  const failed = chosen.filter((name) => {
    say(`\n> ${name}`);
    return runHere(join(folder, name), []) !== 0;
  });
  say(failed.length === 0 ? "\nall passed" : `\nfailed: ${failed.join(", ")}`);
  // A part of the tests runs a part of the lines: that is for looking, not for judging.
  const short = coverage ? sayCoverage(folder, names.length === 0) : [];
  return failed.length === 0 && short.length === 0 ? 0 : EXIT_FAILED;
}

function parseTestArguments(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { sanitize: { type: "string" }, coverage: { type: "boolean", default: false } },
      allowPositionals: true,
    });
  } catch (reason) {
    throw new UsageError(reason instanceof Error ? reason.message : String(reason));
  }
}

/** Prints the lines that ran, by folder; answers with folders that must have more and were judged. */
function sayCoverage(folder: string, judge: boolean): string[] {
  const short: string[] = [];
  say("\nlines that the tests ran; kernels_cpu is not counted, it is compiled for every path");
  for (const { name, lines, run, missed } of byFolder(readCounts(folder), SOURCES)) {
    if (name === "test") continue;
    const least = LEAST[name];
    const share = run / lines;
    const asked = least === undefined || !judge ? "" : `  of ${percent(least)} at least`;
    say(`\n${name.padEnd(12)} ${percent(share).padStart(7)} of ${lines} lines${asked}`);
    for (const [file, not] of missed) say(`  ${file}: ${ranges(not)}`);
    if (judge && least !== undefined && share < least) short.push(name);
  }
  if (short.length > 0) say(`\ntoo few lines run: ${short.join(", ")}`);
  return short;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

async function bench(name: string, args: readonly string[]): Promise<number> {
  const target = `${name}_main`;
  const { folder } = await buildNative({ variant: "release", targets: [target], strict: STRICT });
  return runHere(join(folder, target), args);
}

/** A signal counts as a failure. */
function runHere(file: string, args: readonly string[]): number {
  return spawnSync(file, args, { stdio: "inherit", cwd: SOURCES }).status ?? EXIT_FAILED;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  const missing = whyNoBuild();
  if (missing === null) process.exitCode = await main(process.argv.slice(2));
  else {
    process.stderr.write(`the engine cannot be built here: ${missing}\n`);
    process.exitCode = EXIT_MISSING;
  }
} catch (reason) {
  if (!(reason instanceof BuildError || reason instanceof UsageError)) throw reason;
  process.stderr.write(`${reason.message}\n`);
  process.exitCode = reason instanceof UsageError ? EXIT_MISSING : EXIT_FAILED;
}
