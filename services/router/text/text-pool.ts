// Texts to ids without holding up the event loop: short ones here, long ones in threads.
//
// State: per tokenizer the loaded ModelText of this thread and its files in shared memory, the most
// recently used last; piscina's threads and queue.
//
//   P1. No text over INLINE_CHARS_MAX is encoded on the event loop.
//   P2. The queue is bounded; what does not fit is FULL and comes back later.
//   P3. A thread loads a tokenizer once; its files are copied once per process.

import { fileURLToPath } from "node:url";
import { extname } from "node:path";
import { Piscina } from "piscina";

import { Failure } from "#shared/base/errors.ts";
import type { TokenizerFiles } from "../token-source.ts";
import type { Chat } from "./chat-template.ts";
import { GrammarPool } from "./grammar-pool.ts";
import { ModelText } from "./model-text.ts";
import type { TextAnswer, TextTask, TextWork } from "./text-worker.ts";

export interface TextPoolOptions {
  readonly threads: number;
  /** Long texts that wait for a thread. */
  readonly queueMax?: number;
}

/**
 * Over this a text goes to a thread. The tokenizer takes 1.5 to 3 ms for so many characters, as
 * long as a batch of other streams may wait for this loop; crossing and back is lost in its noise.
 */
export const INLINE_CHARS_MAX = 2_048;
const QUEUE_MAX = 256;
const MODELS_MAX = 8;
/** About what a full queue takes to empty by half. */
const FULL_RETRY_MS = 1_000;
const IDLE_THREAD_MS = 60_000;

interface Loaded {
  readonly text: ModelText;
  readonly shared: TokenizerFiles;
}

export class TextPool {
  readonly #threads: Piscina<TextTask, TextAnswer>;
  readonly #loaded = new Map<string, Loaded>();
  /** Its threads start when the first grammar is asked for. */
  readonly grammars = new GrammarPool();

  constructor(options: TextPoolOptions) {
    const worker = `./text-worker${extname(fileURLToPath(import.meta.url))}`;
    this.#threads = new Piscina<TextTask, TextAnswer>({
      filename: new URL(worker, import.meta.url).href,
      minThreads: 0,
      maxThreads: options.threads,
      maxQueue: options.queueMax ?? QUEUE_MAX,
      idleTimeout: IDLE_THREAD_MS,
    });
  }

  /** INVALID when the files make no tokenizer. Loading one is the only slow call; it is kept. */
  textOf(files: TokenizerFiles): ModelText {
    return this.#load(files).text;
  }

  async encode(
    files: TokenizerFiles,
    text: string,
    addSpecialTokens: boolean,
  ): Promise<readonly number[]> {
    if (text.length <= INLINE_CHARS_MAX) return this.textOf(files).encode(text, addSpecialTokens);
    return this.#run(files, { kind: "plain", text, addSpecialTokens });
  }

  async encodeChat(files: TokenizerFiles, chat: Chat): Promise<readonly number[]> {
    if (lengthOf(chat) <= INLINE_CHARS_MAX) return this.textOf(files).encodeChat(chat);
    return this.#run(files, { kind: "chat", chat });
  }

  async close(): Promise<void> {
    await Promise.all([this.#threads.destroy(), this.grammars.close()]);
  }

  async #run(files: TokenizerFiles, work: TextWork): Promise<readonly number[]> {
    const { shared } = this.#load(files);
    let answer: TextAnswer;
    try {
      // Never aborted: piscina would end the thread and with it the tokenizers it has loaded.
      answer = await this.#threads.run({ files: shared, work });
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      if (/queue/i.test(message)) {
        throw new Failure("FULL", "too many long prompts wait to be tokenized", {
          cause,
          retryAfterMs: FULL_RETRY_MS,
        });
      }
      throw new Failure("UNAVAILABLE", `a text thread failed: ${message}`, {
        cause,
        retryAfterMs: FULL_RETRY_MS,
      });
    }
    if (answer.refusal !== null) throw new Failure("INVALID", answer.refusal);
    return Array.from(answer.ids);
  }

  #load(files: TokenizerFiles): Loaded {
    const known = this.#loaded.get(files.sha256);
    const it = known ?? { text: new ModelText(files), shared: sharedCopy(files) };
    this.#loaded.delete(files.sha256);
    this.#loaded.set(files.sha256, it);
    for (const oldest of this.#loaded.keys()) {
      if (this.#loaded.size <= MODELS_MAX) break;
      this.#loaded.delete(oldest);
    }
    return it;
  }
}

function sharedCopy(files: TokenizerFiles): TokenizerFiles {
  const shared = new Map<string, Uint8Array>();
  for (const [name, bytes] of files.files) {
    const copy = new Uint8Array(new SharedArrayBuffer(bytes.byteLength));
    copy.set(bytes);
    shared.set(name, copy);
  }
  return { sha256: files.sha256, files: shared };
}

function lengthOf(chat: Chat): number {
  let length = chat.tools === null ? 0 : JSON.stringify(chat.tools).length;
  for (const message of chat.messages) length += message.content.length;
  return length;
}
