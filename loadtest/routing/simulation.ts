// Routers over simulated workers in simulated time: one policy in one scenario.
//
// The routers are the real core, with the real reports; only sockets and engines are not. Clients
// come at random times (Poisson), do not wait for each other, and come back after Retry-After. One
// in twenty goes away in the middle, one in fifty sends nonsense: neither is a worker's fault.

import { randomInt, seededRandom } from "#shared/base/prng.ts";
import type { Random } from "#shared/base/prng.ts";
import {
  FLEET_DEFAULTS,
  newFleet,
  onConfirmed,
  onDispatched,
} from "../../services/router/core/fleet.ts";
import { onEnded, onFirstTokens, onProgress, onTick } from "../../services/router/core/fleet.ts";
import { onPeerLoad, onTokens, onWorkerUp, pick } from "../../services/router/core/fleet.ts";
import type { Fleet, FleetOptions, Policy, Wish } from "../../services/router/core/fleet.ts";
import { shareOf } from "../../services/router/core/peers.ts";
import { prefixHashes } from "../../services/router/core/prefix-hash.ts";
import { percentile } from "../figures.ts";
import { EventQueue } from "./event-queue.ts";
import type { Scenario } from "./scenarios.ts";
import { routerName, SimulatedWorker } from "./simulated-worker.ts";

/** `polled` is the mistake that the others are measured beside: the least load last reported. */
export type Contestant = Policy | "polled";

export interface Figures {
  readonly requests: number;
  readonly ttftP50Ms: number;
  readonly ttftP99Ms: number;
  /** Mean over time of the fullest worker's load over the mean load. */
  readonly maxOverMean: number;
  /**
   * Mean change of a worker's share of the fleet's requests from one sample to the next, as a
   * multiple of the even share: 0 is still, 1 means that a whole share moves every 250 ms.
   */
  readonly oscillation: number;
  /** Of prompt tokens, read from caches. */
  readonly hitShare: number;
  /** Times that a healthy worker was held out by a breaker. */
  readonly wronglyEjected: number;
  /** The same of the slow one. */
  readonly rightlyEjected: number;
  readonly refusals: number;
  /** Not answered within a minute after the last one came. */
  readonly unanswered: number;
}

const SAMPLE_MS = 250;
/** From a worker to a router: a report is a little old when it comes. */
const REPORT_DELAY_MS = 5;
/** From a router to the others. */
const SHARE_DELAY_MS = 2;
const DRAIN_MS = 60_000;
const WARM_UP_MS = 2_000;

export function simulate(
  scenario: Scenario,
  contestant: Contestant,
  seed: number,
  seconds: number,
  over: Partial<FleetOptions> = {},
): Figures {
  const world = new World(scenario, contestant, seed, seconds, over);
  return world.run();
}

class World {
  readonly #scenario: Scenario;
  readonly #contestant: Contestant;
  readonly #events = new EventQueue();
  readonly #random: Random;
  readonly #workers: SimulatedWorker[];
  readonly #fleets: Fleet[];
  readonly #endMs: number;
  readonly #tenants: Uint32Array[];
  readonly #ttfts: number[] = [];
  readonly #open = new Map<number, number>();
  readonly #maxOverMean: number[] = [];
  readonly #moves: number[] = [];
  readonly #held = new Set<string>();
  #shares: number[] = [];
  #requests = 0;
  #attempts = 0;
  #refusals = 0;
  #wronglyEjected = 0;
  #rightlyEjected = 0;

  constructor(
    scenario: Scenario,
    contestant: Contestant,
    seed: number,
    seconds: number,
    over: Partial<FleetOptions>,
  ) {
    this.#scenario = scenario;
    this.#contestant = contestant;
    this.#random = seededRandom(seed);
    this.#endMs = seconds * 1000;
    const policy = contestant === "polled" ? "least_loaded" : contestant;
    const spec = { model: "m", classId: "c", sequencesMax: 64, blocks: 4_096, blockTokens: 32 };
    const traits = { resume: true, masks: true, isCrossable: false };
    this.#workers = Array.from(
      { length: scenario.workers },
      (_, i) =>
        new SimulatedWorker(
          { ...spec, ...traits, key: `w${i}` },
          i === 0 ? scenario.slowdown : 1,
          this.#events,
        ),
    );
    this.#fleets = Array.from({ length: scenario.routers }, (_, i) =>
      newFleet({ ...FLEET_DEFAULTS, policy, ...over }, seed * 1_000 + i, 0),
    );
    for (const fleet of this.#fleets) {
      for (const worker of this.#workers) onWorkerUp(fleet, worker.spec, 0);
    }
    this.#tenants = Array.from({ length: scenario.tenants }, () =>
      Uint32Array.from({ length: scenario.tenantTokens }, () => randomInt(this.#random, 128_000)),
    );
  }

  run(): Figures {
    const { reportEveryMs, workers } = this.#scenario;
    this.#workers.forEach((worker, i) =>
      this.#events.at((i * reportEveryMs) / workers, (nowMs) => this.#report(worker, nowMs)),
    );
    this.#events.at(SAMPLE_MS, (nowMs) => this.#tick(nowMs));
    const { shareEveryMs, routers } = this.#scenario;
    for (let router = 0; router < routers && shareEveryMs > 0; router++) {
      const firstMs = (router * shareEveryMs) / routers;
      this.#events.at(firstMs, (nowMs) => this.#share(router, 1, nowMs));
    }
    this.#events.at(0, (nowMs) => this.#arrive(nowMs));
    this.#events.run(this.#endMs + DRAIN_MS);
    const sum = (of: (worker: SimulatedWorker) => number): number =>
      this.#workers.reduce((total, worker) => total + of(worker), 0);
    for (const arrivedMs of this.#open.values()) this.#ttfts.push(this.#events.nowMs - arrivedMs);
    return {
      requests: this.#requests,
      ttftP50Ms: percentile(this.#ttfts, 50),
      ttftP99Ms: percentile(this.#ttfts, 99),
      maxOverMean: meanOf(this.#maxOverMean),
      oscillation: meanOf(this.#moves),
      hitShare: sum((worker) => worker.cachedTokens) / sum((worker) => worker.promptTokens),
      ...{ wronglyEjected: this.#wronglyEjected, rightlyEjected: this.#rightlyEjected },
      refusals: this.#refusals,
      unanswered: this.#open.size,
    };
  }

  #arrive(nowMs: number): void {
    if (nowMs >= this.#endMs) return;
    const { perSecond, burst } = this.#scenario;
    const rate = nowMs % 5_000 < 500 ? perSecond * burst : perSecond;
    this.#events.at(nowMs + (exponential(this.#random) * 1000) / rate, (at) => this.#arrive(at));
    const id = this.#requests++;
    const wish = this.#wish();
    const outputTokens = Math.ceil(exponential(this.#random) * this.#scenario.outputTokensMean);
    const dice = this.#random.next();
    this.#open.set(id, nowMs);
    const router = randomInt(this.#random, this.#fleets.length);
    this.#send({ id, router, wish, outputTokens, dice }, nowMs);
  }

  #wish(): Wish {
    const { promptTokensMean } = this.#scenario;
    const own = Math.min(
      8_000,
      Math.ceil(16 + exponential(this.#random) * (promptTokensMean - 16)),
    );
    const tenant = this.#tenants[randomInt(this.#random, Math.max(1, this.#tenants.length))];
    return {
      ...{ model: "m", promptTokens: own + (tenant?.length ?? 0), session: null, classId: null },
      // What is known when a request is placed is its limit or a guess, not what it will be.
      outputTokensExpected: this.#scenario.outputTokensMean,
      prefix: tenant === undefined ? [] : prefixHashes(tenant, ""),
      ...{ needs: { resume: false, masks: false }, exclude: new Set(), priority: "normal" },
    };
  }

  #send(request: Request, nowMs: number): void {
    const { id, wish, router } = request;
    const fleet = this.#fleets[router];
    if (fleet === undefined) throw new RangeError(`no router ${router}`);
    const choice = this.#contestant === "polled" ? polled(fleet) : pick(fleet, wish, nowMs);
    if (choice.kind === "refused") {
      this.#refusals += 1;
      const waitMs = choice.retryAfterMs * (1 + this.#random.next());
      this.#events.at(nowMs + waitMs, (at) => this.#send(request, at));
      return;
    }
    const worker = this.#workers.find(({ spec }) => spec.key === choice.key);
    if (worker === undefined) throw new Error(`no worker ${choice.key}`);
    const attempt = `${id}.${this.#attempts++}`;
    const dispatch = onDispatched(fleet, choice.key, attempt, wish, nowMs);
    if (request.dice < 0.02) {
      worker.refuse(router, dispatch);
      onEnded(fleet, attempt, "request_fault", nowMs);
      this.#open.delete(id);
      return;
    }
    worker.take(router, dispatch, {
      ...{ prefix: wish.prefix, promptTokens: wish.promptTokens },
      outputTokens: request.outputTokens,
      goneAfterTokens: request.dice < 0.07 ? 1 + request.outputTokens / 2 : Infinity,
      onFirst: (cachedTokens, at) => {
        const arrivedMs = this.#open.get(id) ?? at;
        if (arrivedMs >= WARM_UP_MS) this.#ttfts.push(at - arrivedMs);
        this.#open.delete(id);
        onFirstTokens(fleet, attempt, { count: 1, cachedTokens }, at);
      },
      onMore: (count, at) => onTokens(fleet, attempt, count, at),
      onEnd: (outcome, at) => onEnded(fleet, attempt, outcome, at),
    });
  }

  #report(worker: SimulatedWorker, nowMs: number): void {
    if (nowMs > this.#endMs + DRAIN_MS) return;
    const reports = worker.reports(this.#fleets.length);
    this.#events.at(nowMs + REPORT_DELAY_MS, (at) => {
      reports.forEach((progress, router) => {
        const fleet = this.#fleets[router];
        if (fleet !== undefined) onProgress(fleet, worker.spec.key, progress, at);
      });
    });
    this.#events.at(nowMs + this.#scenario.reportEveryMs, (at) => this.#report(worker, at));
  }

  /** What a router has where, told to all others. */
  #share(router: number, sequence: number, nowMs: number): void {
    const own = this.#fleets[router];
    if (own === undefined || nowMs > this.#endMs + DRAIN_MS) return;
    const shares = new Map([...own.workers.values()].map((each) => [each.key, shareOf(each)]));
    const load = { router: routerName(router), epoch: "1", sequence, isLeaving: false, shares };
    this.#events.at(nowMs + SHARE_DELAY_MS, (at) => {
      for (const fleet of this.#fleets) if (fleet !== own) onPeerLoad(fleet, load, at);
    });
    const nextMs = nowMs + this.#scenario.shareEveryMs;
    this.#events.at(nextMs, (at) => this.#share(router, sequence + 1, at));
  }

  #tick(nowMs: number): void {
    for (const fleet of this.#fleets) {
      for (const verdict of onTick(fleet, nowMs)) {
        if (verdict.kind === "suspect") onConfirmed(fleet, verdict.key, true, nowMs);
      }
    }
    if (nowMs > this.#endMs) return;
    this.#countHeldOut();
    if (nowMs >= WARM_UP_MS) this.#sample();
    this.#events.at(nowMs + SAMPLE_MS, (at) => this.#tick(at));
  }

  #countHeldOut(): void {
    this.#fleets.forEach((fleet, router) => {
      for (const worker of fleet.workers.values()) {
        const name = `${router}/${worker.key}`;
        const isOut = worker.breaker.state.kind !== "closed";
        if (isOut && !this.#held.has(name)) {
          this.#held.add(name);
          if (this.#scenario.slowdown > 1 && worker.key === "w0") this.#rightlyEjected += 1;
          else this.#wronglyEjected += 1;
        } else if (!isOut) this.#held.delete(name);
      }
    });
  }

  #sample(): void {
    const loads = this.#workers.map((worker) => worker.load);
    const total = loads.reduce((sum, load) => sum + load, 0);
    if (total < loads.length) return; // Next to nothing is there to be shared.
    const shares = loads.map((load) => (load * loads.length) / total);
    this.#maxOverMean.push(Math.max(...shares));
    if (this.#shares.length > 0) {
      this.#moves.push(meanOf(shares.map((share, i) => Math.abs(share - (this.#shares[i] ?? 0)))));
    }
    this.#shares = shares;
  }
}

interface Request {
  readonly id: number;
  readonly router: number;
  readonly wish: Wish;
  readonly outputTokens: number;
  /** Decides what becomes of it. */
  readonly dice: number;
}

function polled(fleet: Fleet): { readonly kind: "worker"; readonly key: string } {
  let best: { readonly key: string; readonly load: number } | null = null;
  for (const { key, progress } of fleet.workers.values()) {
    const load = (progress?.running ?? 0) + (progress?.waiting ?? 0);
    if (best === null || load < best.load) best = { key, load };
  }
  if (best === null) throw new Error("no workers");
  return { kind: "worker", key: best.key };
}

function exponential(random: Random): number {
  return -Math.log(1 - random.next());
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
