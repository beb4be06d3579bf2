// Commands and files on the agent's own machine.
//
// Files go through synchronous calls on purpose: writing, publishing and reading a job directory
// are a handful of microsecond calls, and a trip through libuv's thread pool costs more than each
// of them. Only `digest` and `remove`, whose size nobody bounds, give way to the event loop.
//
//   L1. A command that runs out of time is killed with its whole process group.
//   L2. `run` never inherits the agent's environment unasked: secrets live there.
//   L3. What is published by renameNew was published by nobody else.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { open, rm } from "node:fs/promises";
import { Failure } from "#shared/base/errors.ts";
import type { ErrorCode } from "#shared/base/errors.ts";
import type {
  CommandOptions,
  CommandResult,
  FileStat,
  SpawnOptions,
  Transport,
} from "../../transport.ts";
import { SpawnHost } from "./spawn-host.ts";

const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;
const DIGEST_CHUNK_BYTES = 1024 * 1024;
/** What a command leaves behind may hold its pipes open; its own output is in them by then. */
const DRAIN_MS = 200;

const FAILURE_CODES: { readonly [errno: string]: ErrorCode } = {
  ENOENT: "NOT_FOUND",
  ENOTDIR: "NOT_FOUND",
  EEXIST: "ALREADY_EXISTS",
  ENOTEMPTY: "ALREADY_EXISTS",
  EACCES: "FORBIDDEN",
  EPERM: "FORBIDDEN",
  EROFS: "FORBIDDEN",
  ENOSPC: "FULL",
  EDQUOT: "FULL",
  EMFILE: "FULL",
  ENFILE: "FULL",
  EAGAIN: "FULL",
  ENOMEM: "FULL",
};

/**
 * The transport of an agent that runs where its cluster is. Stateless but for a counter that keeps
 * names of half-written files apart; any number may work on the same directories.
 */
export function localTransport(): Transport {
  let written = 0;
  const host = process.platform === "linux" ? new SpawnHost(failureOf) : null;
  return {
    kind: "local",
    sameFileSystem: true,
    run: runCommand,
    spawnDetached: (argv, options) => spawnDetached(host, argv, options),
    async readFile(path, bytesMax, offset = 0) {
      return attempt(() => readSome(path, bytesMax, offset));
    },
    async writeFile(path, bytes, mode = 0o644) {
      const beside = `${path}.${process.pid}.${(written++).toString(36)}.part`;
      attempt(() => writeBeside(beside, path, bytes, mode));
    },
    async stat(path) {
      return attempt(() => statOrNull(path));
    },
    async list(path) {
      return attempt(() => fs.readdirSync(path));
    },
    async makeDirectory(path) {
      attempt(() => makeDirectories(path));
    },
    async renameNew(from, to) {
      attempt(() => renameNew(from, to));
    },
    async remove(path) {
      try {
        await rm(path, { recursive: true, force: true });
      } catch (reason) {
        throw failureOf(reason);
      }
    },
    digest: digestFile,
    async close() {
      host?.close();
    },
  };
}

function readSome(path: string, bytesMax: number, offset: number): Uint8Array {
  // A job may have put a pipe there, which would be waited for without an end.
  const file = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  try {
    // Files of /proc say size 0, so the size is only a hint for the first buffer.
    const size = Math.max(0, fs.fstatSync(file).size - offset);
    let buffer = Buffer.allocUnsafe(Math.min(bytesMax, size > 0 ? size : 4096));
    let filled = 0;
    while (filled < bytesMax) {
      if (filled === buffer.length) {
        if (size > 0 && filled >= size) break;
        const larger = Buffer.allocUnsafe(Math.min(bytesMax, buffer.length * 2));
        buffer.copy(larger);
        buffer = larger;
      }
      const got = fs.readSync(file, buffer, filled, buffer.length - filled, offset + filled);
      if (got === 0) break;
      filled += got;
    }
    return buffer.subarray(0, filled);
  } finally {
    fs.closeSync(file);
  }
}

/** Atomic for readers. Not flushed: what must survive a power cut is in the agent's journal. */
function writeBeside(beside: string, path: string, bytes: Uint8Array | string, mode: number): void {
  try {
    fs.writeFileSync(beside, bytes, { mode, flag: "wx" });
    fs.renameSync(beside, path);
  } catch (reason) {
    fs.rmSync(beside, { force: true });
    throw reason;
  }
}

function statOrNull(path: string): FileStat | null {
  const stat = fs.statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return null;
  return {
    sizeBytes: stat.size,
    mtimeMs: stat.mtimeMs,
    isDirectory: stat.isDirectory(),
    mode: stat.mode & 0o7777,
  };
}

/** One mkdir(2) when the parent is there, which it nearly always is. */
function makeDirectories(path: string): void {
  try {
    fs.mkdirSync(path);
  } catch (reason) {
    const code = errnoOf(reason);
    if (code === "ENOENT") fs.mkdirSync(path, { recursive: true });
    else if (code !== "EEXIST" || !fs.statSync(path).isDirectory()) throw reason;
  }
}

// rename(2) replaces a file and an empty directory without a word, and Node has no
// RENAME_NOREPLACE. A file is therefore linked, which never replaces. A directory that was
// published is never empty, so a rival's is refused by rename itself (ENOTEMPTY); the look before
// catches an empty one that somebody else put there.
function renameNew(from: string, to: string): void {
  if (!fs.lstatSync(from).isDirectory()) {
    fs.linkSync(from, to);
    fs.unlinkSync(from);
    return;
  }
  if (fs.lstatSync(to, { throwIfNoEntry: false }) !== undefined) {
    throw new Failure("ALREADY_EXISTS", `${to} exists`);
  }
  fs.renameSync(from, to);
}

async function digestFile(path: string): Promise<{ digest: string; sizeBytes: number }> {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  try {
    const file = await open(path, "r");
    try {
      const size = (await file.stat()).size;
      const buffer = Buffer.allocUnsafe(Math.min(DIGEST_CHUNK_BYTES, Math.max(size, 4096)));
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length, sizeBytes);
        if (bytesRead === 0) break;
        hash.update(buffer.subarray(0, bytesRead));
        sizeBytes += bytesRead;
      }
    } finally {
      await file.close();
    }
  } catch (reason) {
    throw failureOf(reason);
  }
  return { digest: `sha256:${hash.digest("hex")}`, sizeBytes };
}

/** `options.env` is the command's whole environment; without it there is only a PATH. */
function runCommand(argv: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const { promise, resolve, reject } = Promise.withResolvers<CommandResult>();
  const [file, args] = split(argv);
  const bytesMax = options.outputBytesMax ?? OUTPUT_BYTES_MAX;
  const child = startChild(file, args, {
    cwd: options.cwd,
    env: options.env ?? { PATH: process.env["PATH"] ?? "/usr/bin:/bin" },
    detached: true, // A group of its own, so that all of it can be killed.
    stdio: [options.stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  let bytes = 0;
  let timedOut = false;
  let truncated = false;
  let drain: NodeJS.Timeout | undefined;
  const collect = (into: Buffer[]) => (chunk: Buffer) => {
    const room = bytesMax - bytes;
    bytes += Math.min(chunk.length, room);
    if (room > 0) into.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
    if (chunk.length <= room || truncated) return;
    truncated = true;
    killGroup(child.pid);
  };
  child.stdout?.on("data", collect(out));
  child.stderr?.on("data", collect(err));
  child.stdin?.on("error", () => {}); // It ended without reading; its exit code says the rest.
  child.stdin?.end(options.stdin);
  const timer = setTimeout(() => {
    timedOut = true;
    killGroup(child.pid);
  }, options.timeoutMs);
  child.on("exit", () => {
    drain = setTimeout(() => {
      child.stdout?.destroy();
      child.stderr?.destroy();
    }, DRAIN_MS);
  });
  child.on("error", (reason) => {
    clearTimeout(timer);
    reject(failureOf(reason));
  });
  child.on("close", (exitCode, signal) => {
    clearTimeout(timer);
    clearTimeout(drain);
    resolve({
      exitCode: timedOut ? null : exitCode,
      signal,
      stdout: Buffer.concat(out).toString("utf8"),
      stderr: Buffer.concat(err).toString("utf8"),
      timedOut,
      truncated,
    });
  });
  return promise;
}

/** In a session of its own, with nothing of ours open: it outlives this process. */
/** Where a fork costs by memory a small process does it; elsewhere this one. */
function spawnDetached(
  host: SpawnHost | null,
  argv: readonly string[],
  options: SpawnOptions,
): Promise<number> {
  const [file, args] = split(argv);
  if (host !== null) return host.spawn(file, args, options);
  const child = startChild(file, args, {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: "ignore",
  });
  if (options.onExit !== undefined) child.on("exit", options.onExit);
  child.unref();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.on("error", (reason) => reject(failureOf(reason)));
  if (child.pid !== undefined) resolve(child.pid);
  return promise;
}

function split(argv: readonly string[]): [string, readonly string[]] {
  const [file, ...args] = argv;
  if (file === undefined) throw new Failure("INVALID", "a command needs a name");
  return [file, args];
}

/** spawn() throws some failures and reports others later; both come out as a Failure. */
function startChild(...[file, args, options]: Parameters<typeof spawn>): ReturnType<typeof spawn> {
  return attempt(() => spawn(file, args, options));
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Gone by itself in the meantime.
  }
}

function attempt<T>(act: () => T): T {
  try {
    return act();
  } catch (reason) {
    throw failureOf(reason);
  }
}

function failureOf(reason: unknown): Failure {
  const code = FAILURE_CODES[errnoOf(reason) ?? ""];
  if (code === undefined) return Failure.from(reason);
  return new Failure(code, (reason as Error).message, { cause: reason });
}

function errnoOf(reason: unknown): string | undefined {
  return reason instanceof Error ? (reason as NodeJS.ErrnoException).code : undefined;
}
