// What this machine has: Node, a home folder, disk, recorded processes, Slurm's tools, nats-server.

import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync, statfsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { Failure } from "#shared/base/errors.ts";
import { findNatsServer } from "#shared/mesh/nats-server.ts";
import { clientFilePath, readClientFile } from "../client/context.ts";
import { readMeshRecord } from "../mesh/mesh-record.ts";
import { isAlive } from "../mesh/process-identity.ts";
import { bytesText } from "../print/units.ts";
import type { Session } from "../session.ts";
import { fail, ok, warn, type Finding } from "./finding.ts";

/** The package says `node >= 22`; its sources, run unbuilt, need a Node that strips types. */
const NODE_MAJOR_MIN = 22;
const NODE_MAJOR_SOURCES_MIN = 24;
/** The logs refuse new work below their own reserve; this is early enough to act. */
const DISK_BYTES_WARN = 2 * 1024 ** 3;
const DISK_BYTES_FAIL = 200 * 1024 ** 2;
const TOOL_TIMEOUT_MS = 5000;
const SLURM_TOOLS = ["sbatch", "squeue", "scontrol", "scancel"] as const;

export function localFindings(session: Session): readonly Finding[] {
  return [
    nodeVersion(),
    homeFolder(session),
    diskSpace(session),
    clientFile(session),
    ...processes(session),
    natsServer(session),
    slurmTools(session),
  ];
}

function nodeVersion(): Finding {
  const major = Number(process.versions.node.split(".")[0]);
  const sources = import.meta.url.endsWith(".ts");
  const least = sources ? NODE_MAJOR_SOURCES_MIN : NODE_MAJOR_MIN;
  if (major >= least) return ok("node", `${process.version} at ${process.execPath}`);
  return fail(
    "node",
    process.version,
    `install Node ${least} or newer; in a clone, \`npm run\` brings it`,
  );
}

function homeFolder(session: Session): Finding {
  const { home, terminal } = session;
  if (!existsSync(home)) {
    return warn("home", `${home} is not there`, `\`${terminal.invocation} up\` makes it`);
  }
  try {
    accessSync(home, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    return fail(
      "home",
      `${home} cannot be written`,
      "take another folder: --home or SIGNALBOX_HOME",
    );
  }
  const others = statSync(home).mode & 0o077;
  if (others === 0) return ok("home", home);
  return warn("home", `${home} is open to others, and holds tokens`, `chmod 700 ${home}`);
}

function diskSpace(session: Session): Finding {
  const { bavail, bsize } = statfsSync(existingAncestor(session.home));
  const free = bavail * bsize;
  const found = `${bytesText(free)} free for ${session.home}`;
  if (free < DISK_BYTES_FAIL)
    return fail("disk", found, "free some space: new work is refused soon");
  if (free < DISK_BYTES_WARN) return warn("disk", found, "free some space, or move --home");
  return ok("disk", found);
}

function clientFile(session: Session): Finding {
  const path = clientFilePath(session.home);
  try {
    const saved = readClientFile(session.home);
    if (saved === null) {
      return warn("client", `no ${path}`, "commands need `signalbox up` or --server");
    }
  } catch (reason) {
    return fail(
      "client",
      Failure.from(reason).message,
      `remove it; \`signalbox up\` writes it again`,
    );
  }
  const others = statSync(path).mode & 0o077;
  if (others === 0) return ok("client", path);
  return fail("client", `${path} holds a token and others can read it`, `chmod 600 ${path}`);
}

function processes(session: Session): readonly Finding[] {
  const { invocation } = session.terminal;
  try {
    return readMeshRecord(session.home).services.map((service) => {
      if (isAlive(service)) return ok(service.name, `runs, pid ${service.pid}`);
      const found = `pid ${service.pid} is not running, its log is ${service.logFile}`;
      return warn(service.name, found, `\`${invocation} up\` starts what is missing`);
    });
  } catch (reason) {
    const failure = Failure.from(reason);
    return [fail("processes", failure.message, failure.hint ?? "")];
  }
}

/** Only needed with --mesh, so its lack is no failure. */
function natsServer(session: Session): Finding {
  try {
    const found = findNatsServer(session.terminal.env);
    return ok("nats-server", `${found.version} at ${found.path}`);
  } catch (reason) {
    const failure = Failure.from(reason);
    return warn("nats-server", failure.message, failure.hint ?? "only `up --mesh` needs it");
  }
}

/** Only needed where this machine is a Slurm's login node. */
function slurmTools(session: Session): Finding {
  const path = (session.terminal.env["PATH"] ?? "").split(":");
  const missing = SLURM_TOOLS.filter(
    (tool) => !path.some((folder) => existsSync(join(folder, tool))),
  );
  if (missing.length === SLURM_TOOLS.length)
    return ok("slurm", "none here (only a login node needs it)");
  if (missing.length > 0) {
    return warn("slurm", `no ${missing.join(", ")} in PATH`, "install slurm-client, or mend PATH");
  }
  try {
    const options = { encoding: "utf8", timeout: TOOL_TIMEOUT_MS, stdio: "pipe" } as const;
    return ok("slurm", execFileSync(SLURM_TOOLS[0], ["--version"], options).trim());
  } catch (reason) {
    const said = String((reason as { stderr?: unknown }).stderr ?? (reason as Error).message);
    const last = said.trim().split("\n").at(-1) ?? "";
    const fix =
      "if there is a Slurm for this machine, set SLURM_CONF or give `up --slurm-conf FILE`";
    return warn("slurm", `its tools are here, but: ${last}`, fix);
  }
}

function existingAncestor(path: string): string {
  let folder = path;
  while (!existsSync(folder)) folder = dirname(folder);
  return folder;
}
