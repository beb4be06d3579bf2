// The kinds of server that can be talked to.

import { llamaServer } from "./llama-server.ts";
import { sglang } from "./sglang.ts";
import { vllm } from "./vllm.ts";

/** Each makes a dialect for one server. */
export const DIALECTS = { vllm, sglang, "llama-server": llamaServer } as const;
export type DialectName = keyof typeof DIALECTS;
