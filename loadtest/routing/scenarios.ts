// What the routers are put through.

export interface Scenario {
  readonly name: string;
  readonly workers: number;
  readonly routers: number;
  /** Between what routers tell each other; 0: they say nothing. */
  readonly shareEveryMs: number;
  /** Between a worker's reports. */
  readonly reportEveryMs: number;
  /** How much slower worker 0 is than the others. */
  readonly slowdown: number;
  readonly perSecond: number;
  /** Every five seconds the rate is multiplied for half a second. */
  readonly burst: number;
  /** Tokens that all requests of one tenant begin with; 0 tenants: nobody shares anything. */
  readonly tenants: number;
  readonly tenantTokens: number;
  readonly promptTokensMean: number;
  readonly outputTokensMean: number;
}

const STEADY: Scenario = {
  ...{ name: "steady", workers: 16, routers: 1, reportEveryMs: 250, slowdown: 1, perSecond: 160 },
  ...{
    shareEveryMs: 0,
    burst: 1,
    tenants: 0,
    tenantTokens: 0,
    promptTokensMean: 600,
    outputTokensMean: 100,
  },
};

export const SCENARIOS: readonly Scenario[] = [
  STEADY,
  { ...STEADY, name: "stale 2 s", reportEveryMs: 2_000 },
  { ...STEADY, name: "one 10x slow", slowdown: 10, perSecond: 140 },
  { ...STEADY, name: "bursts", perSecond: 80, burst: 6 },
  { ...STEADY, name: "16 routers", routers: 16 },
  { ...STEADY, name: "16 routers, shared", routers: 16, shareEveryMs: 50 },
  // As llm-d measured: 150 tenants with 6,000 tokens each; without hits it is too much.
  {
    ...{ ...STEADY, name: "tenants", perSecond: 80, tenants: 150, tenantTokens: 6_016 },
    ...{ promptTokensMean: 200, outputTokensMean: 64 },
  },
];
