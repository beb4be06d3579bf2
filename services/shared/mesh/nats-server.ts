// A nats-server of our own: found on this machine, started on loopback for `up --mesh` and for
// tests, and stopped, exactly that one.
//
// It syncs every write before it answers (`sync_interval: always`), asks for a password (several
// users may share the machine), and has a system account through which the log driver confirms that
// setting. Its directory holds everything: configuration, secrets, store, log and `server.json`.

import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { Failure } from "#shared/base/errors.ts";
import { NATS_VERSION_PRODUCTION_MIN, compareVersions } from "./nats-version.ts";

export interface NatsBinary {
  readonly path: string;
  readonly version: string;
}

/** Version that `tools/setup.ts nats-server` unpacks. */
export const NATS_SETUP_VERSION = "2.15.1";

type Environment = { readonly [name: string]: string | undefined };

/** Where `tools/setup.ts` puts what it fetches; both hold the same rule, which a test compares. */
export function cacheDirectory(env: Environment): string {
  return (
    env["SIGNALBOX_CACHE"] || join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "signalbox")
  );
}

/**
 * The first nats-server in PATH of a version that may hold a log in production, else the one that
 * tools/setup unpacked. Throws Failure NOT_FOUND that says how to get one.
 */
export function findNatsServer(env: Environment = process.env): NatsBinary {
  const passedOver: string[] = [];
  const inPath = (env["PATH"] ?? "").split(delimiter).filter((directory) => directory !== "");
  const unpacked = join(cacheDirectory(env), `nats-server-${NATS_SETUP_VERSION}`);
  for (const directory of [...inPath, unpacked]) {
    const path = join(directory, "nats-server");
    const version = versionOf(path);
    if (version === null) continue;
    if (compareVersions(version, NATS_VERSION_PRODUCTION_MIN) >= 0) return { path, version };
    passedOver.push(`${path} is ${version}`);
  }
  const old = passedOver.length === 0 ? "" : `; passed over: ${passedOver.join(", ")}`;
  throw new Failure(
    "NOT_FOUND",
    `no nats-server ${NATS_VERSION_PRODUCTION_MIN} or newer on this machine${old}`,
    {
      hint:
        "Set nats.url to a server you have, put nats-server into PATH, or run " +
        "`npm run setup -- nats-server` in a clone (needs Python's pip). " +
        "Without NATS the embedded log works: leave --mesh away.",
    },
  );
}

export interface NatsServerOptions {
  /** A directory of the server's own, on a local disk; made when missing. */
  readonly directory: string;
  readonly binary: NatsBinary;
  /** 0 takes a free one. */
  readonly port?: number;
  /** What streams may take in all; their max_bytes are checked against it. */
  readonly storeBytesMax?: number;
  /** Keeps running when this process ends. */
  readonly detached?: boolean;
  /** Off only in tests of the check for it. */
  readonly syncAlways?: boolean;
}

/** What `server.json` holds and what a client needs. */
export interface NatsServer {
  readonly url: string;
  readonly pid: number;
  /** From /proc/PID/stat: tells the process from a later one with the same number. */
  readonly startTicks: string;
  /** `USER:PASSWORD` files of the log's account and of the system account. */
  readonly credentialsFile: string;
  readonly systemCredentialsFile: string;
}

const START_DEADLINE_MS = 10_000;
const STOP_DEADLINE_MS = 10_000;
const STORE_BYTES_MAX = 64 * 1024 ** 3;

/** Resolves when it accepts connections. Throws Failure UNAVAILABLE with the end of its log. */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const { directory, binary } = options;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(directory))
    if (name.endsWith(".ports")) rmSync(join(directory, name));
  const credentialsFile = secretFile(directory, "signalbox");
  const systemCredentialsFile = secretFile(directory, "system");
  const config = join(directory, "nats-server.conf");
  writeFileSync(config, configOf(options, credentialsFile, systemCredentialsFile), { mode: 0o600 });
  const log = openSync(join(directory, "nats-server.log"), "a", 0o600);
  const child = spawn(binary.path, ["-c", config], {
    stdio: ["ignore", log, log],
    detached: options.detached === true,
  });
  closeSync(log);
  let exited = false;
  child.once("exit", () => (exited = true));
  child.once("error", () => (exited = true));
  const { pid } = child;
  const url =
    pid === undefined
      ? null
      : await portsFile(join(directory, `nats-server_${pid}.ports`), () => exited);
  if (pid === undefined || url === null) {
    child.kill("SIGKILL");
    throw new Failure("UNAVAILABLE", `${binary.path} did not start: ${logEnd(directory)}`);
  }
  if (options.detached === true) child.unref();
  const server = {
    url,
    pid,
    startTicks: startTicksOf(pid) ?? "",
    credentialsFile,
    systemCredentialsFile,
  };
  writeFileSync(join(directory, "server.json"), JSON.stringify(server), { mode: 0o600 });
  return server;
}

/** The server last started in `directory`, if it still runs. */
export function runningNatsServer(directory: string): NatsServer | null {
  try {
    const server = JSON.parse(readFileSync(join(directory, "server.json"), "utf8")) as NatsServer;
    return isRunning(server) ? server : null;
  } catch {
    return null; // Never started, or its record was cut short: nothing of ours to stop.
  }
}

/** SIGTERM, and SIGKILL when that does not end it. Does nothing when it no longer runs. */
export async function stopNatsServer(server: NatsServer): Promise<void> {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    if (!isRunning(server)) return;
    process.kill(server.pid, signal);
    process.kill(server.pid, "SIGCONT"); // A stopped process acts on nothing else.
    const endMs = performance.now() + STOP_DEADLINE_MS;
    while (isRunning(server) && performance.now() < endMs) await pause(5);
  }
}

function versionOf(path: string): string | null {
  try {
    accessSync(path, constants.X_OK);
    const said = execFileSync(path, ["--version"], {
      encoding: "utf8",
      timeout: 5_000,
      stdio: ["ignore", "pipe", "ignore"],
    });
    return /v(\d+\.\d+\.\d+)/.exec(said)?.[1] ?? null;
  } catch {
    return null; // Not there, or nothing that runs here.
  }
}

function configOf(
  options: NatsServerOptions,
  credentialsFile: string,
  systemCredentialsFile: string,
): string {
  const user = (file: string): string => {
    const [name, password] = readFileSync(file, "utf8").trim().split(":");
    return `[{ user: ${name}, password: ${JSON.stringify(password)} }]`;
  };
  const quoted = (path: string): string => JSON.stringify(path);
  const sync = options.syncAlways === false ? "" : "  sync_interval: always\n";
  return `# Written by Signalbox at every start.
server_name: signalbox
listen: "127.0.0.1:${options.port === undefined || options.port === 0 ? -1 : options.port}"
ports_file_dir: ${quoted(options.directory)}
jetstream {
  store_dir: ${quoted(join(options.directory, "store"))}
  max_memory_store: 64MB
  max_file_store: ${options.storeBytesMax ?? STORE_BYTES_MAX}
${sync}}
accounts {
  $SYS { users: ${user(systemCredentialsFile)} }
  SIGNALBOX { jetstream: enabled, users: ${user(credentialsFile)} }
}
`;
}

/** Kept over restarts, so that clients need not be told anew. */
function secretFile(directory: string, user: string): string {
  const path = join(directory, `${user}.secret`);
  try {
    writeFileSync(path, `${user}:${randomBytes(24).toString("hex")}\n`, {
      flag: "wx",
      mode: 0o600,
    });
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code !== "EEXIST") throw reason;
  }
  return path;
}

async function portsFile(path: string, gaveUp: () => boolean): Promise<string | null> {
  const endMs = performance.now() + START_DEADLINE_MS;
  while (performance.now() < endMs && !gaveUp()) {
    try {
      const ports = JSON.parse(readFileSync(path, "utf8")) as { nats?: string[] };
      if (ports.nats?.[0] !== undefined) return ports.nats[0];
    } catch {
      // Not written yet, or only half.
    }
    await pause(5);
  }
  return null;
}

function logEnd(directory: string): string {
  return readFileSync(join(directory, "nats-server.log"), "utf8")
    .trimEnd()
    .split("\n")
    .slice(-3)
    .join("; ");
}

function isRunning(server: NatsServer): boolean {
  return startTicksOf(server.pid) === server.startTicks;
}

/**
 * Field 22 of /proc/PID/stat, counted behind the name; null for no process or one that has ended.
 */
function startTicksOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
