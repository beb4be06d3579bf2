// One process per directory on one machine. The log's own fence keeps two schedulers from ever both
// being right; this keeps a second one from pushing the first one out by being started by mistake.
// An agent's journal has no other fence: two agents on one would number their reports alike, and
// ends would be lost.
//
// The lock is a listening socket named after the directory: the kernel lets go of it when its
// process dies, however it dies, so there is nothing stale to clean up.

import { createHash } from "node:crypto";
import { realpathSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "#shared/base/errors.ts";

const ANSWER_MS = 500;

export interface OwnerLock {
  release(): Promise<void>;
}

/** `service`: what the message calls the owner. CONFLICT names it. */
export async function takeOwnerLock(directory: string, service: string): Promise<OwnerLock> {
  const name = socketNameOf(realpathSync(directory));
  for (let tries = 0; tries < 3; tries++) {
    const lock = await listen(name);
    if (lock !== null) return lock;
    const owner = await ask(name);
    if (owner !== null) {
      throw new Failure("CONFLICT", `another ${service} (${owner}) owns ${directory}`, {
        hint: "Stop that one first, or give this one a directory of its own.",
      });
    }
    if (!name.startsWith("\0")) rmSync(name, { force: true }); // A file whose listener has died.
  }
  throw new Failure("UNAVAILABLE", `cannot take the lock of ${directory}`);
}

/**
 * Abstract on Linux: no file, no length limit to run into. Elsewhere a file in the temporary
 * folder.
 */
function socketNameOf(path: string): string {
  const hash = createHash("sha256").update(path).digest("hex").slice(0, 32);
  return process.platform === "linux"
    ? `\0signalbox-owner-${hash}`
    : join(tmpdir(), `signalbox-owner-${hash}.sock`);
}

function listen(name: string): Promise<OwnerLock | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) =>
      socket.on("error", () => {}).end(`process ${process.pid}`),
    );
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(null);
      else reject(new Failure("UNAVAILABLE", "cannot take the owner's lock", { cause: error }));
    });
    server.listen(name, () => {
      server.unref();
      resolve({ release: () => new Promise((done) => server.close(() => done())) });
    });
  });
}

/**
 * Who listens; `null` when nobody does any more. A stopped process does not answer but still owns.
 */
function ask(name: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect(name);
    let text = "";
    const timer = setTimeout(() => finish("a process that does not answer"), ANSWER_MS);
    const finish = (owner: string | null): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(owner);
    };
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => (text += chunk));
    socket.on("end", () => finish(text === "" ? "a process" : text));
    socket.on("error", () => finish(null));
  });
}
