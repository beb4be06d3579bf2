// Builds the engine's addon, or builds and runs what tests and measures it.
//
//   node tools/build-native.ts                                 build/native/signalbox_engine.node
//   node tools/build-native.ts --tests [NAME…] [--sanitize address|thread]
//   node tools/build-native.ts --bench NAME [ARGUMENTS…] NAME_main of native/bench, and runs it
//   node tools/build-native.ts --prebuilt prebuilt/linux-x64, for `npm pack`
//
// Needs a C++20 compiler and CMake, and fetches nothing. Ends 1 when a build or a test fails, 3
// when something is missing here.

import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";

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

const EXIT_FAILED = 1;
const EXIT_MISSING = 3;
const VARIANTS: Readonly<Record<string, Variant>> = { address: "address", thread: "thread" };
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
    "usage: node tools/build-native.ts [--tests [NAME…] [--sanitize address|thread] | " +
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
  const at = args.indexOf("--sanitize");
  const variant = at < 0 ? "release" : VARIANTS[args[at + 1] ?? ""];
  if (variant === undefined) throw new UsageError("--sanitize takes address or thread");
  const names = at < 0 ? args : args.filter((_, index) => index !== at && index !== at + 1);
  const chosen = nativeTestNames().filter(
    (name) => names.length === 0 || names.some((part) => name.includes(part)),
  );
  if (chosen.length === 0) throw new UsageError(`no test is called ${names.join(" or ")}`);
  const { folder } = await buildNative({ variant, targets: chosen, strict: STRICT });
  const failed = chosen.filter((name) => {
    say(`\n> ${name}`);
    return runHere(join(folder, name), []) !== 0;
  });
  say(failed.length === 0 ? "\nall passed" : `\nfailed: ${failed.join(", ")}`);
  return failed.length === 0 ? 0 : EXIT_FAILED;
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
