// The thread side of the text pool: long texts to ids. Piscina starts it, from source or from dist.
//
// State: the tokenizers this thread has loaded, the most recently used last.

import type { TokenizerFiles } from "../token-source.ts";
import type { Chat } from "./chat-template.ts";
import { ModelText } from "./model-text.ts";

/** What the thread is asked; a chat is rendered here too, since a long one is long to render. */
export type TextWork =
  | { readonly kind: "plain"; readonly text: string; readonly addSpecialTokens: boolean }
  | { readonly kind: "chat"; readonly chat: Chat };

export interface TextTask {
  /** Its bytes are shared memory: passing them on copies nothing. */
  readonly files: TokenizerFiles;
  readonly work: TextWork;
}

/** A refusal crosses as a value, since an error's class would be lost on the way. */
export type TextAnswer =
  | { readonly ids: Uint32Array; readonly refusal: null }
  | { readonly ids: null; readonly refusal: string };

/** A tokenizer of 128 thousand tokens takes about 100 MB in a thread. */
const LOADED_MAX = 4;
const loaded = new Map<string, ModelText>();

export default function encodeInThread(task: TextTask): TextAnswer {
  const text = loadedText(task.files);
  try {
    const { work } = task;
    const ids =
      work.kind === "plain"
        ? text.encode(work.text, work.addSpecialTokens)
        : text.encodeChat(work.chat);
    return { ids: Uint32Array.from(ids), refusal: null };
  } catch (cause) {
    if ((cause as { readonly code?: unknown }).code !== "INVALID") throw cause;
    return { ids: null, refusal: (cause as Error).message };
  }
}

function loadedText(files: TokenizerFiles): ModelText {
  const text = loaded.get(files.sha256) ?? new ModelText(files);
  loaded.delete(files.sha256);
  loaded.set(files.sha256, text);
  for (const oldest of loaded.keys()) {
    if (loaded.size <= LOADED_MAX) break;
    loaded.delete(oldest);
  }
  return text;
}
