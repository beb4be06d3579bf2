// Routing policies under what goes wrong with them: figures that are old, one slow worker, bursts,
// many routers, prompts that share beginnings. Simulated time, the router's real core.

import { POLICIES } from "../services/router/core/fleet.ts";
import { rounded } from "./figures.ts";
import { pickTime } from "./routing/pick-time.ts";
import { SCENARIOS } from "./routing/scenarios.ts";
import { simulate } from "./routing/simulation.ts";
import type { Contestant, Figures } from "./routing/simulation.ts";

const CONTESTANTS: readonly Contestant[] = [...POLICIES, "polled"];
const PICKS = 60_000;
const FLEETS = [16, 256] as const;

export function benchRouting(options: {
  readonly seed: number;
  readonly seconds: number;
  readonly say: (line: string) => void;
}): object {
  const { seed, seconds, say } = options;
  const pick: { [workers: string]: object } = {};
  for (const workers of FLEETS) {
    pick[workers] = pickTime(workers, "latency", PICKS);
    say(`${workers} workers: ${JSON.stringify(pick[workers])}`);
  }
  say(`seed ${seed}, ${seconds} s of simulated time, TTFT in ms`);
  say(`| scenario | policy | ${HEADINGS.join(" | ")} |`);
  say(`|---|---|${HEADINGS.map(() => "---|").join("")}`);
  const scenarios: { [scenario: string]: { [policy: string]: object } } = {};
  for (const scenario of SCENARIOS) {
    const figures: { [policy: string]: object } = (scenarios[scenario.name] = {});
    for (const contestant of CONTESTANTS) {
      const result = simulate(scenario, contestant, seed, seconds);
      figures[contestant] = figuresOf(result);
      say(`| ${scenario.name} | ${contestant} | ${cells(result).join(" | ")} |`);
    }
  }
  return { seed, seconds, pick, scenarios };
}

const HEADINGS = [
  ...["TTFT p50", "TTFT p99", "max/mean load", "oscillation", "prefix hits", "wrongly ejected"],
  ...["rightly ejected", "unanswered"],
] as const;

function cells(figures: Figures): string[] {
  const ms = (value: number): string => Math.round(value).toLocaleString("en");
  return [
    ...[ms(figures.ttftP50Ms), ms(figures.ttftP99Ms), figures.maxOverMean.toFixed(2)],
    ...[figures.oscillation.toFixed(3), `${Math.round(figures.hitShare * 100)} %`],
    ...[figures.wronglyEjected, figures.rightlyEjected, figures.unanswered].map(String),
  ];
}

function figuresOf(figures: Figures): object {
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [name, rounded(value as number, 3)]),
  );
}
