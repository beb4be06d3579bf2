// What `demo silicon` needs of the machine: Slurm and Quantum ESPRESSO from Debian, a nats-server,
// and a private Slurm to run on. Nothing is installed unless the user says so.

import { spawn } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Failure } from "#shared/base/errors.ts";
import { findNatsServer } from "#shared/mesh/nats-server.ts";
import type { Session } from "../session.ts";

interface Need {
  /** As tools/setup.ts calls it. */
  readonly setup: string;
  readonly programs: readonly string[];
  readonly packages: readonly string[];
}

const NEEDS: readonly Need[] = [
  {
    setup: "slurm",
    programs: ["slurmctld", "slurmd", "sbatch", "munged"],
    packages: ["slurmctld", "slurmd", "slurm-client", "munge"],
  },
  {
    setup: "quantum-espresso",
    programs: ["pw.x", "bands.x"],
    packages: ["quantum-espresso", "quantum-espresso-data"],
  },
];

/** Daemons lie in sbin, which an ordinary user's PATH leaves out. */
const SBIN = ["/usr/sbin", "/sbin", "/usr/local/sbin"];

/**
 * Resolves when all is there; NOT_FOUND names the packages that are not, and the way to get them.
 */
export async function provideSilicon(session: Session, install: boolean): Promise<void> {
  const missing = NEEDS.filter((need) => need.programs.some((name) => !isProgram(session, name)));
  if (missing.length > 0 && !install) {
    const packages = missing.flatMap((need) => need.packages);
    const programs = missing.flatMap((need) =>
      need.programs.filter((it) => !isProgram(session, it)),
    );
    throw new Failure(
      "NOT_FOUND",
      `this machine has no ${programs.join(", ")}; Debian has them in ${packages.join(", ")}`,
      {
        hint: `${session.terminal.invocation} demo silicon --install   installs them (as root), or run\napt-get install --no-install-recommends ${packages.join(" ")}`,
      },
    );
  }
  for (const need of missing) await runTool(session, "tools", "setup", [need.setup]);
  if (!hasNats(session)) await runTool(session, "tools", "setup", ["nats-server"]);
}

function hasNats(session: Session): boolean {
  try {
    findNatsServer(session.terminal.env);
    return true;
  } catch (reason) {
    if (Failure.from(reason).code === "NOT_FOUND") return false;
    throw reason;
  }
}

function isProgram(session: Session, name: string): boolean {
  const folders = [...(session.terminal.env["PATH"] ?? "").split(":"), ...SBIN];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export interface PrivateSlurm {
  /** Path of its slurm.conf. */
  readonly conf: string;
  readonly stop: () => Promise<void>;
}

/** A Slurm of the demo's own below `directory`, as an ordinary user, without systemd. */
export async function startPrivateSlurm(
  session: Session,
  directory: string,
): Promise<PrivateSlurm> {
  const said = await runTool(session, "deploy/test-clusters/slurm", "main", ["up", directory]);
  const quoted = /^export SLURM_CONF='(.*)'$/mu.exec(said)?.[1];
  if (quoted === undefined) {
    throw new Failure("UNAVAILABLE", "the private Slurm did not say where its slurm.conf is");
  }
  return {
    conf: quoted.replaceAll(`'\\''`, "'"),
    stop: async () => {
      await runTool(session, "deploy/test-clusters/slurm", "main", ["down", directory]);
    },
  };
}

/** Runs one of the repository's own programs; its stdout is returned, its stderr is shown. */
async function runTool(
  session: Session,
  folder: string,
  name: string,
  args: readonly string[],
): Promise<string> {
  const here = fileURLToPath(import.meta.url);
  const path = join(dirname(here), "..", "..", "..", folder, `${name}${extname(here)}`);
  if (!existsSync(path)) {
    throw new Failure("NOT_FOUND", `this needs ${folder}/${name}, which comes with a clone only`, {
      hint: "clone the repository and run `npm ci && npm run demo -- silicon` there",
    });
  }
  const child = spawn(process.execPath, [path, ...args], {
    env: { ...session.terminal.env },
    stdio: ["ignore", "pipe", "pipe"],
    // Ctrl-C is the demo's to handle: it still needs these to take things down.
    detached: true,
  });
  const out: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => void session.terminal.stderr.write(chunk));
  const code = await new Promise<number | null>((done, fail) => {
    child.once("error", fail);
    child.once("close", done);
  });
  if (code === 0) return Buffer.concat(out).toString();
  throw new Failure("UNAVAILABLE", `\`${folder}/${name} ${args.join(" ")}\` failed`, {
    hint: "what it said is above",
  });
}
