// The main thread's end of the worker's state directory: what the last worker left there, and
// batches and prompts for the thread that has it.
//
//   D1. One batch is out at a time, and its answer says whether all of it is on disk.
//   D2. One process has the directory.
//   D3. While a batch is out, which a bad disk can make long, so many prompts are told and no more.

import { Worker } from "node:worker_threads";
import { Failure } from "#shared/base/errors.ts";
import { takeOwnerLock, type OwnerLock } from "#shared/lifecycle/owner-lock.ts";
import { prepareLocalDirectory } from "#shared/state/local-disk.ts";
import type { StoreOp } from "#shared/state/store.ts";
import type { FoundState, StateAnswer, StateMessage, StateThreadOptions } from "./state-thread.ts";

const CLOSE_MS = 5_000;
const PROMPTS_MAX = 1_024;
const EXTENSION = import.meta.filename.endsWith(".ts") ? "ts" : "js";
const THREAD = new URL(`./state-thread.${EXTENSION}`, import.meta.url);

export class WorkerState {
  readonly found: FoundState;
  readonly #thread: Worker;
  readonly #exited: Promise<void>;
  readonly #lock: OwnerLock;
  /** Told since the batch that is out; null: none is out. */
  #prompts: number | null = null;
  #ended = false;

  private constructor(found: FoundState, thread: Worker, exited: Promise<void>, lock: OwnerLock) {
    this.found = found;
    this.#thread = thread;
    this.#exited = exited;
    this.#lock = lock;
    void exited.then(() => (this.#ended = true));
    thread.on("error", () => {}); // It ends with it, and a batch says so.
  }

  /**
   * UNSAFE on a network file system, CONFLICT while another process has it, CORRUPT where it is
   * damaged, else what the disk says.
   */
  static async open(options: StateThreadOptions): Promise<WorkerState> {
    const { path } = options;
    prepareLocalDirectory(path);
    const lock = await takeOwnerLock(path, "worker");
    const thread = new Worker(THREAD, { workerData: options });
    const exited = new Promise<void>((resolve) => thread.once("exit", () => resolve()));
    try {
      const first = await answerOf(thread);
      if (first.kind === "open") return new WorkerState(first.found, thread, exited, lock);
      throw failureOf(first);
    } catch (reason) {
      await thread.terminate();
      await lock.release();
      throw reason;
    }
  }

  /** To be counted by its prefixes. */
  tellPrompt(salt: string, prompt: ArrayLike<number>): void {
    if (this.#prompts !== null && ++this.#prompts > PROMPTS_MAX) return;
    this.#post({ kind: "prompt", salt, ids: Int32Array.from(prompt) });
  }

  /** Resolves when all of it is on disk; rejects with Failure when nothing of it is. */
  async commit(ops: readonly StoreOp[]): Promise<void> {
    if (this.#ended) throw threadEnded(undefined);
    this.#prompts = 0;
    const answered = answerOf(this.#thread);
    this.#post({ kind: "commit", ops });
    const answer = await answered;
    this.#prompts = null;
    if (answer.kind !== "written") throw failureOf(answer);
  }

  /** After the last commit was answered. */
  async close(): Promise<void> {
    this.#post({ kind: "close" });
    const late = setTimeout(() => void this.#thread.terminate(), CLOSE_MS);
    await this.#exited;
    clearTimeout(late);
    await this.#lock.release();
  }

  #post(message: StateMessage): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- no window, no origins
    this.#thread.postMessage(message);
  }
}

/** The next one. Rejects when the thread ends instead. */
function answerOf(thread: Worker): Promise<StateAnswer> {
  return new Promise((resolve, reject) => {
    const ended = (cause?: unknown): void => {
      thread.off("message", answered);
      reject(threadEnded(cause));
    };
    const answered = (answer: StateAnswer): void => {
      thread.off("error", ended);
      thread.off("exit", ended);
      resolve(answer);
    };
    thread.once("message", answered);
    thread.once("error", ended);
    thread.once("exit", ended);
  });
}

function threadEnded(cause: unknown): Failure {
  return new Failure("UNAVAILABLE", "the state directory's thread has ended", { cause });
}

function failureOf(answer: StateAnswer): Failure {
  if (answer.kind !== "refused") return new Failure("INTERNAL", "an answer to nothing");
  const { code, message, hint } = answer.failure;
  return new Failure(code, message, hint === undefined ? {} : { hint });
}
