// The bundled model's known output, drawn by a server of somebody else's.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { TokenLogprobs } from "../engine.ts";
import type { HttpEngine } from "./http-engine.ts";
import { LANTERN } from "./real-servers.fixture.ts";

/** A lead in log-probability so small that the order in which a sum is taken decides. */
const TIE = 0.01;

/**
 * Greedy, it draws what the bundled model is known to draw behind some prompts. Where it draws
 * another token that one is as likely to within TIE, and what follows is not compared.
 */
export async function expectGolden(engine: HttpEngine): Promise<void> {
  let equal = 0;
  for (const { prompt, ids } of goldenGreedy()) {
    const drawn: number[] = [];
    const logprobs: TokenLogprobs[] = [];
    const sampling = { temperature: 0, maxTokens: ids.length, ignoreEos: true, logprobs: 3 };
    for await (const chunk of engine.generate({ prompt, sampling })) {
      drawn.push(...chunk.tokenIds);
      logprobs.push(...(chunk.logprobs ?? []));
    }
    expect(drawn).toHaveLength(ids.length);
    const at = drawn.findIndex((id, index) => id !== ids[index]);
    if (at < 0) equal += 1;
    else {
      const known = logprobs[at]?.alternatives.find(({ tokenId }) => tokenId === ids[at]);
      const lead = (logprobs[at]?.logprob ?? NaN) - (known?.logprob ?? NaN);
      expect(lead, `${ids[at]} at ${at} of ${drawn.join(" ")}`).toBeLessThan(TIE);
    }
  }
  expect(equal).toBeGreaterThan(0);
}

/** `repetitionPenalty` counts what stands in the prompt, too. */
export async function expectPromptPenalised(engine: HttpEngine): Promise<void> {
  const [{ prompt, ids } = expect.fail("no greedy output")] = goldenGreedy().slice(-1);
  // A token that stood there before, drawn again.
  const at = ids.findIndex((id, index) => prompt.includes(id) || ids.slice(0, index).includes(id));
  const before = [...prompt, ...ids.slice(0, at)];
  const next = async (repetitionPenalty: number): Promise<number | undefined> => {
    const sampling = { temperature: 0, maxTokens: 1, ignoreEos: true, repetitionPenalty };
    for await (const { tokenIds } of engine.generate({ prompt: before, sampling })) {
      return tokenIds[0];
    }
    return undefined;
  };
  expect(await next(1)).toBe(ids[at]);
  expect(await next(20)).not.toBe(ids[at]);
}

interface Greedy {
  readonly prompt: readonly number[];
  readonly ids: readonly number[];
}

function goldenGreedy(): Greedy[] {
  const { prompts } = JSON.parse(readFileSync(join(LANTERN, "golden.json"), "utf8")) as {
    readonly prompts: readonly {
      readonly ids: readonly number[];
      readonly greedy?: { readonly ids: readonly number[] };
    }[];
  };
  return prompts.flatMap(({ ids, greedy }) =>
    greedy === undefined ? [] : [{ prompt: ids, ids: greedy.ids }],
  );
}
