// Streams an attempt's stdout and stderr as they grow, to whoever asked through the scheduler.
//
//   F1. A chunk is at most CHUNK_BYTES, and the next is read only when the transport has taken it:
//       a slow reader costs one chunk of memory.
//   F2. A follow ends with `end` exactly once: when the attempt is over and everything was sent,
//       when it was stopped, or with an error. A link that is lost ends it without a word.
//   F3. An attempt that has not begun is waited for when asked to follow.

import * as fs from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { signalbox } from "#proto/signalbox.js";
import { Failure } from "#shared/base/errors.ts";
import { parseAttemptToken } from "#shared/base/ids.ts";
import type { AttemptToken } from "#shared/base/ids.ts";
import type { Call } from "./link.ts";

const CHUNK_BYTES = 64 * 1024;
const FOLLOWS_MAX = 256;
/** How long to wait at the end of a file when nothing tells that it grew (NFS). */
const LOOK_AGAIN_MS = 500;
/** The last words of a job that has just ended are there by now, on this machine. */
const STREAMS = ["stdout", "stderr"] as const;

export interface LogSource {
  /** The attempt's directory, `null` while there is none. */
  pathOf(token: AttemptToken): string | null;
  /** `unknown` when nothing of it is here; `over` when nothing will be added. */
  stateOf(token: AttemptToken): "unknown" | "coming" | "over";
}

interface Follow {
  stopped: boolean;
  wake: () => void;
}

export class LogFollows {
  readonly #source: LogSource;
  readonly #follows = new Map<string, Follow>();

  constructor(source: LogSource) {
    this.#source = source;
  }

  start(request: signalbox.agent.v1.IFollowLogs, call: Call): void {
    const followId = request.followId ?? "";
    if (this.#follows.size >= FOLLOWS_MAX || this.#follows.has(followId)) {
      call.write({
        logChunk: { followId, end: true, error: `${FOLLOWS_MAX} logs are followed already` },
      });
      return;
    }
    const follow: Follow = { stopped: false, wake: () => {} };
    this.#follows.set(followId, follow);
    this.#run(request, call, follow)
      .then(
        () => (follow.stopped ? undefined : call.write({ logChunk: { followId, end: true } })),
        (reason: unknown) => {
          const error = Failure.from(reason).message;
          if (!follow.stopped) call.write({ logChunk: { followId, end: true, error } });
        },
      )
      .finally(() => this.#follows.delete(followId));
  }

  stop(followId: string): void {
    const follow = this.#follows.get(followId);
    if (follow === undefined) return;
    follow.stopped = true;
    follow.wake();
  }

  stopAll(): void {
    for (const followId of this.#follows.keys()) this.stop(followId);
  }

  async #run(request: signalbox.agent.v1.IFollowLogs, call: Call, follow: Follow): Promise<void> {
    const token = parseAttemptToken(request.token ?? "");
    const wanted = STREAMS.filter((name) => request.stream === name || request.stream === "both");
    if (wanted.length === 0) throw new Failure("INVALID", `no stream ${request.stream}`);
    const offsets = {
      stdout: Number(request.stdoutOffset ?? 0),
      stderr: Number(request.stderrOffset ?? 0),
    };
    let watcher: fs.FSWatcher | null = null;
    try {
      while (!follow.stopped) {
        // Asked before reading: what was written before the end is read after it was known.
        const state = this.#source.stateOf(token);
        const directory = this.#source.pathOf(token);
        if (directory === null && (state !== "coming" || request.follow !== true)) {
          throw new Failure("NOT_FOUND", `the agent has no output of attempt ${token}`);
        }
        let sent = false;
        for (const name of directory === null ? [] : wanted) {
          sent =
            (await this.#sendMore(
              join(directory ?? "", name),
              name,
              offsets,
              request,
              call,
              follow,
            )) || sent;
        }
        if (sent) continue;
        if (state === "over" || request.follow !== true) return;
        if (directory !== null) watcher ??= watchDirectory(directory, follow);
        await pause(follow);
      }
    } finally {
      watcher?.close();
    }
  }

  /** One chunk. True when there was one. */
  async #sendMore(
    path: string,
    stream: (typeof STREAMS)[number],
    offsets: { stdout: number; stderr: number },
    request: signalbox.agent.v1.IFollowLogs,
    call: Call,
    follow: Follow,
  ): Promise<boolean> {
    const chunk = await readChunk(path, offsets[stream]);
    if (chunk === null || follow.stopped) return false;
    offsets[stream] += chunk.length;
    const written = call.write({
      logChunk: { followId: request.followId ?? "", stream, data: chunk },
    });
    if (!written) await call.drained();
    return true;
  }
}

async function readChunk(path: string, offset: number): Promise<Buffer | null> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(
    (reason: NodeJS.ErrnoException) => {
      if (reason.code === "ENOENT") return null;
      throw reason;
    },
  );
  if (file === null) return null;
  try {
    // A job may put anything in its output's place, also what leads to somebody else's file.
    if (!(await file.stat()).isFile())
      throw new Failure("INVALID", "the output is no file any more");
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, offset);
    return bytesRead === 0 ? null : buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function watchDirectory(directory: string, follow: Follow): fs.FSWatcher | null {
  try {
    const watcher = fs.watch(directory, { persistent: false }, () => follow.wake());
    watcher.on("error", () => watcher.close());
    return watcher;
  } catch {
    return null; // No watches left: looked at again now and then.
  }
}

function pause(follow: Follow): Promise<void> {
  return new Promise((resume) => {
    const timer = setTimeout(resume, LOOK_AGAIN_MS);
    follow.wake = () => {
      clearTimeout(timer);
      resume();
    };
  });
}
