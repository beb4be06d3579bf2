// What can be set about routing: each field with its unit, its default and where that came from.

export type Policy =
  | "latency"
  | "least_loaded"
  | "round_robin"
  | "random"
  /** By session, else by the first block of the prompt: the same worker while it has room. */
  | "consistent_hash";

export const POLICIES: readonly Policy[] = [
  "latency",
  "least_loaded",
  "round_robin",
  "random",
  "consistent_hash",
];

export interface FleetOptions {
  readonly policy: Policy;

  /** How often a worker reports; silence and staleness are counted in it. */
  readonly periodMs: number;
  /** After so many periods without a report a worker's figures are not believed any more. */
  readonly stalePeriods: number;
  /** After so many it is suspected, and asked over the serving connection. */
  readonly suspectPeriods: number;
  /** How long one answer over the serving connection stands in for reports. */
  readonly confirmedForMs: number;
  /** A tick that comes this late says that this process slept: nobody else's silence counts. */
  readonly pauseMs: number;
  /** An engine step that stands still for max(this, hangSteps × its usual step) hangs. */
  readonly hangMs: number;
  readonly hangSteps: number;

  /** Rate of prompt tokens of a worker that nobody has measured yet. */
  readonly prefillTokensPerSecond: number;
  /** Between tokens of a stream, of a worker that nobody has measured yet. */
  readonly itlMs: number;
  /** What a step costs beside its tokens, as tokens: short prompts look like no slow worker. */
  readonly overheadTokens: number;
  /**
   * Time constant of the peak: how long one bad answer is remembered. Finagle has 10 s; with 2 s
   * equal workers were shared more evenly in the simulation, and the mean remembers a slow one.
   */
  readonly peakTauMs: number;
  /** A worker's pace is kept for so long without a sample, then drifts to the fleet's as slowly. */
  readonly paceKeptMs: number;
  /** Of k/(1-k), k the share of blocks or of places taken, whichever is more. */
  readonly pressureMs: number;
  /** A new worker, or one whose breaker has closed, costs 1/slowStartShare, falling to 1. */
  readonly slowStartMs: number;
  readonly slowStartShare: number;
  /**
   * Tokens of its streams that come later than so many times the pool's pace make a worker dearer,
   * by all that is beyond. In the simulation 3 left a slow worker a few requests more.
   */
  readonly dragFactor: number;
  /** Kept free at the end of an allocation. */
  readonly walltimeMarginMs: number;
  /** A worker with this many requests per place (running and waiting) takes no more. */
  readonly fullRatio: number;

  /** A target of affinity is left only for a cost below this share of its own. */
  readonly hysteresis: number;
  /** Costs this close are equal: one of the two is drawn. */
  readonly tieBand: number;
  /** A third worker that is drawn is taken when the better of two costs this many times as much. */
  readonly thirdDrawFactor: number;
  /** Affinity holds while a worker's load is at most this many times the mean ... */
  readonly boundedLoad: number;
  /** ... and this many requests: at next to no load the mean says nothing. */
  readonly boundedLoadSlack: number;
  readonly virtualNodes: number;
  readonly prefixAffinity: boolean;
  /** Blocks of which the router remembers where it sent them; those not sent for long go first. */
  readonly prefixBlocksMax: number;
  /** Workers remembered for one block; the latest. */
  readonly prefixHoldersMax: number;
  readonly sessionsMax: number;
  readonly sessionTtlMs: number;

  readonly breaker: BreakerOptions;
  /** Share of the workers in service that breakers may take out; beyond it none is out. */
  readonly ejectedShareMax: number;
  /** What a caller is told to wait when no worker is in sight. */
  readonly retryAfterNoneMs: number;
  readonly retryAfterMinMs: number;
  readonly retryAfterMaxMs: number;
}

export interface BreakerOptions {
  /** Worker faults in a row that open it (RYZ-24). */
  readonly failuresInARow: number;
  /** Or this share of at least `samplesMin` ends within `windowMs`. */
  readonly failureRate: number;
  readonly samplesMin: number;
  readonly windowMs: number;
  /** Open for so long, doubled at each opening soon after another; up to half more as jitter. */
  readonly openFirstMs: number;
  readonly openMaxMs: number;
  /** Closed for so long, it starts from openFirstMs again. */
  readonly forgetMs: number;
  /** Half open: probes that have to succeed, one after the other. */
  readonly probes: number;
  /** A probe without its first token after so long gives its place to another. */
  readonly probeLeaseMs: number;
  /** First tokens later than max(slowFactor × the fleet's median, slowFloorMs) are slow ... */
  readonly slowFactor: number;
  readonly slowFloorMs: number;
  /** ... and this many slow ones of the last `slowWindow` open it. */
  readonly slowMax: number;
  readonly slowWindow: number;
}

export const BREAKER_DEFAULTS: BreakerOptions = {
  failuresInARow: 5,
  failureRate: 0.5,
  samplesMin: 10,
  windowMs: 30_000,
  openFirstMs: 5_000,
  openMaxMs: 60_000,
  forgetMs: 60_000,
  probes: 3,
  probeLeaseMs: 10_000,
  slowFactor: 3,
  slowFloorMs: 1_000,
  slowMax: 8,
  slowWindow: 10,
};

export const FLEET_DEFAULTS: FleetOptions = {
  policy: "latency",
  periodMs: 250,
  stalePeriods: 3,
  suspectPeriods: 3,
  confirmedForMs: 1_000,
  pauseMs: 500,
  hangMs: 1_200,
  hangSteps: 5,
  prefillTokensPerSecond: 10_000,
  itlMs: 30,
  overheadTokens: 256,
  peakTauMs: 2_000,
  paceKeptMs: 15_000,
  pressureMs: 150,
  slowStartMs: 30_000,
  slowStartShare: 0.1,
  dragFactor: 2,
  walltimeMarginMs: 5_000,
  fullRatio: 2,
  hysteresis: 0.7,
  tieBand: 0.05,
  thirdDrawFactor: 3,
  boundedLoad: 1.25,
  boundedLoadSlack: 2,
  virtualNodes: 100,
  prefixAffinity: true,
  prefixBlocksMax: 262_144,
  prefixHoldersMax: 4,
  sessionsMax: 65_536,
  sessionTtlMs: 1_800_000,
  breaker: BREAKER_DEFAULTS,
  ejectedShareMax: 0.5,
  retryAfterNoneMs: 5_000,
  retryAfterMinMs: 250,
  retryAfterMaxMs: 60_000,
};
