// What every contestant is asked: the same prompts of 32 token ids, greedy, of an exact length.

import type { signalbox } from "#proto/signalbox.js";

export const PROMPT_TOKENS = 32;
const PROMPTS = 64;
const VOCAB = 32_000;

export function promptOf(serial: number): number[] {
  const which = serial % PROMPTS;
  return Array.from(
    { length: PROMPT_TOKENS },
    (_, at) => 3 + ((which * 7919 + at * 104_729) % (VOCAB - 3)),
  );
}

export function grpcRequestOf(
  serial: number,
  tokens: number,
): signalbox.inference.v1.IGenerateRequest {
  return {
    ...{ id: `direct-${serial}`, fence: 1, promptIds: promptOf(serial) },
    sampling: { temperature: 0, ignoreEos: true, maxTokens: tokens, seed: serial },
  };
}

/** The same of a router, by model name. */
export function completeRequestOf(
  serial: number,
  tokens: number,
): signalbox.inference.v1.ICompleteRequest {
  return {
    ...{ model: "fast", ids: { ids: promptOf(serial) } },
    sampling: { temperature: 0, ignoreEos: true, maxTokens: tokens, seed: serial },
  };
}

const HEADS =
  "POST /v1/completions HTTP/1.1\r\nhost: router\r\ncontent-type: application/json\r\n" +
  "x-signalbox-resume: new\r\n";

/** With resuming and usage asked for: the router does all that it can do for a stream. */
export function httpRequestOf(serial: number, tokens: number): Buffer {
  const body = JSON.stringify({
    ...{ model: "fast", prompt: promptOf(serial), max_tokens: tokens, temperature: 0 },
    ...{ ignore_eos: true, stream: true, stream_options: { include_usage: true } },
    ...{ return_token_ids: true, seed: serial },
  });
  return Buffer.from(`${HEADS}content-length: ${body.length}\r\n\r\n${body}`);
}
