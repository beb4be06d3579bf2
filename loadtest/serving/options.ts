// The command line of `npm run bench -- serving`.

import { parseArgs } from "node:util";
import { Failure } from "#shared/base/errors.ts";
import type { Slo } from "./answer-quality.ts";
import type { LoadShape } from "./load-shape.ts";
import { parseTokenLengths, type TokenLengths } from "./token-lengths.ts";

export const SERVING_USAGE = `usage: npm run bench -- serving [--json] [options]

Asks an OpenAI endpoint for streamed answers and says how good they were: TTFT, TPOT, ITL, E2EL,
goodput, stalls, errors by kind, tokens a second. loadtest/README.md has what each word means.

where   --url http://HOST:PORT/v1   the endpoint; without it the bundled model is served meanwhile
        --model NAME                the first that it lists, when left out
        --key KEY                   sent as bearer
        --workers 2                 of the bundled model

load    --rate 4[,8,...]            open loop: requests a second, one step for each number
        --constant                  equal gaps instead of random ones (Poisson)
        --in-flight 1[,8,...]       closed loop: so many at once
        --seconds 20  --warm-up 2   counted, and before that
        --in-flight-max 1024        open loop: one more is not sent, and counts as failed
        --timeout 120               an answer that is not whole after so many seconds has failed
        --seed 1                    of arrivals, lengths and words

asked   --prompts chat|text|ids     /chat/completions, /completions, or /completions with token ids
        --prompt 128  --output 64   tokens: N, uniform:LOW-HIGH, normal:MEAN,SD,
                                    lognormal:MEDIAN,SIGMA
        --vocab 32000               of ids
        --prefix-share 0            share of a prompt's tokens that others begin with, too: 0 to 1
        --prefixes 8                different beginnings
        --turns 1  --think-ms 0     of a conversation, and between an answer and the next turn
        --any-length                answers end where the model ends them (no ignore_eos)

judged  --slo-ttft-ms  --slo-tpot-ms  --slo-itl-ms  --slo-e2el-ms
                                    goodput counts answers that keep all of those given; itl: every
                                    gap of the answer
        --stall-ms 1000             a longer gap makes an answer a stalled one
`;

export interface ServingOptions {
  /** Null: the bundled model is served meanwhile. */
  readonly url: string | null;
  /** Null: the first that the endpoint lists. */
  readonly model: string | null;
  readonly key: string | null;
  readonly workers: number;
  readonly shapes: readonly LoadShape[];
  readonly countedMs: number;
  readonly warmMs: number;
  readonly inFlightMax: number;
  readonly timeoutMs: number;
  readonly seed: number;
  readonly prompts: "chat" | "text" | "ids";
  readonly prompt: TokenLengths;
  readonly output: TokenLengths;
  readonly vocab: number;
  readonly prefixShare: number;
  readonly prefixes: number;
  readonly turns: number;
  readonly thinkMs: number;
  readonly exactLength: boolean;
  readonly slo: Slo;
  readonly stallMs: number;
  readonly json: boolean;
  readonly help: boolean;
}

const PROMPTS = ["chat", "text", "ids"] as const;
const RATE = "4";

/** INVALID, naming the option. */
export function parseServingOptions(args: readonly string[]): ServingOptions {
  const values = valuesOf(args);
  const number = (name: keyof typeof values, min: number): number =>
    numberOf(name, String(values[name]), min);
  const limit = (name: keyof typeof values): number | null =>
    values[name] === undefined ? null : number(name, 0);
  const prompts = PROMPTS.find((kind) => kind === values.prompts);
  if (prompts === undefined) throw invalid("prompts", values.prompts, PROMPTS.join(", "));
  const prefixShare = number("prefix-share", 0);
  if (prefixShare > 1) throw invalid("prefix-share", values["prefix-share"], "0 to 1");
  const turns = number("turns", 1);
  if (turns > 1 && prompts !== "chat") throw invalid("turns", values.turns, "1 unless chats");
  return {
    ...{ url: values.url ?? null, model: values.model ?? null, key: values.key ?? null },
    ...{ workers: number("workers", 1), shapes: shapesOf(values), turns, prompts, prefixShare },
    ...{ countedMs: 1000 * number("seconds", 0.001), warmMs: 1000 * number("warm-up", 0) },
    ...{ inFlightMax: number("in-flight-max", 1), timeoutMs: 1000 * number("timeout", 0.001) },
    ...{ seed: number("seed", 0), vocab: number("vocab", 17), prefixes: number("prefixes", 1) },
    prompt: parseTokenLengths(values.prompt, "prompt"),
    output: parseTokenLengths(values.output, "output"),
    ...{ thinkMs: number("think-ms", 0), stallMs: number("stall-ms", 0) },
    exactLength: values["any-length"] !== true,
    slo: {
      ...{ ttftMs: limit("slo-ttft-ms"), tpotMs: limit("slo-tpot-ms") },
      ...{ itlMs: limit("slo-itl-ms"), e2elMs: limit("slo-e2el-ms") },
    },
    ...{ json: values.json === true, help: values.help === true },
  };
}

function valuesOf(args: readonly string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  const or = (value: string) => ({ type: "string", default: value }) as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        ...{ url: text, model: text, key: text, workers: or("2"), json: flag, help: flag },
        ...{ rate: text, constant: flag, "in-flight": text, seconds: or("20"), seed: or("1") },
        ...{ "warm-up": or("2"), "in-flight-max": or("1024"), timeout: or("120") },
        ...{ prompts: or("chat"), prompt: or("128"), output: or("64"), vocab: or("32000") },
        ...{ "prefix-share": or("0"), prefixes: or("8"), turns: or("1"), "think-ms": or("0") },
        ...{ "any-length": flag, "stall-ms": or("1000"), "slo-ttft-ms": text },
        ...{ "slo-tpot-ms": text, "slo-itl-ms": text, "slo-e2el-ms": text },
      },
    }).values;
  } catch (cause) {
    const hint = "npm run bench -- serving --help";
    throw new Failure("INVALID", (cause as Error).message, { cause, hint });
  }
}

function shapesOf(values: ReturnType<typeof valuesOf>): LoadShape[] {
  const { rate, "in-flight": lanes } = values;
  const gaps = values.constant === true ? "constant" : "poisson";
  const rates = listOf("rate", rate ?? (lanes === undefined ? RATE : ""), 0.001);
  const open = rates.map((perSecond) => ({ kind: "open", perSecond, gaps }) as const);
  const closed = listOf("in-flight", lanes ?? "", 1).map((inFlight) => {
    return { kind: "closed", inFlight: Math.round(inFlight) } as const;
  });
  return [...open, ...closed];
}

function listOf(name: string, text: string, min: number): number[] {
  return text === "" ? [] : text.split(",").map((each) => numberOf(name, each, min));
}

function numberOf(name: string, text: string, min: number): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value >= min) return value;
  throw invalid(name, text, `a number of at least ${min}`);
}

function invalid(name: string, given: string | undefined, wanted: string): Failure {
  const hint = "npm run bench -- serving --help";
  return new Failure("INVALID", `--${name} ${given} must be ${wanted}`, { hint });
}
