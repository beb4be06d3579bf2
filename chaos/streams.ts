// Streams under faults: does every client get the one output, whatever dies behind the router?
//
// Hypothesis: a fault at one worker while streams run changes no client's text, repeats and loses
// no token, and shows as a pause. Every stream is compared with the same request told before any
// fault. A round whose fault hit no stream does not count.

import { fnv1a } from "#shared/base/hash.ts";
import { seededRandom } from "#shared/base/prng.ts";
import { chatOnce } from "../services/cli/serving/chat-stream.ts";
import { circumstances } from "./circumstances.ts";
import { FAULTS } from "./faults.ts";
import type { Fault } from "./faults/fault.ts";
import { ChaosFleet, type FleetKind } from "./fleet.ts";
import { RoundJournal } from "./journal.ts";
import { playRound } from "./round.ts";
import { KINDS, tellStory, type Story } from "./stories.ts";
import { countsOf, failuresOf, tallyOf, type RoundRecord, type StreamsResult } from "./tally.ts";

export interface StreamsOptions {
  /** That count: in which the fault hit a stream. Shared evenly by the faults. */
  readonly rounds: number;
  readonly seed: number;
  readonly faults: readonly string[];
  readonly storiesPerKind: number;
  readonly env: { readonly [name: string]: string | undefined };
  readonly say: (line: string) => void;
  /** Where rounds are written down, and a run that was cut off goes on from; null: nowhere. */
  readonly journal: string | null;
  /** Ends the run after the round in progress. */
  readonly signal: AbortSignal;
}

/** More rounds than this in a row that hit nothing: the experiment itself is broken. */
const MISSES_MAX = 20;

export async function streamsUnderFaults(options: StreamsOptions): Promise<StreamsResult> {
  const run = new StreamsRun(options);
  await run.play();
  return run.result();
}

class StreamsRun {
  readonly #options: StreamsOptions;
  readonly #where = circumstances();
  readonly #beganMs = performance.now();
  readonly #journal: RoundJournal | null;
  readonly #rounds: RoundRecord[];
  readonly #skipped: { [name: string]: string } = {};
  /** Fault by fault, how many rounds it is due. */
  readonly #due = new Map<Fault, number>();

  constructor(options: StreamsOptions) {
    this.#options = options;
    const { seed, journal, rounds, faults } = options;
    const head = { seed, where: this.#where };
    this.#journal = journal === null ? null : RoundJournal.open(journal, head);
    this.#rounds = [...(this.#journal?.rounds ?? [])];
    const chosen = FAULTS.filter(({ name }) => faults.includes(name));
    const able = chosen.filter((fault) => this.#isPossible(fault));
    for (const [i, fault] of able.entries()) {
      const share = Math.floor(rounds / able.length) + (i < rounds % able.length ? 1 : 0);
      this.#due.set(fault, share);
    }
  }

  async play(): Promise<void> {
    const { say, seed } = this.#options;
    say(`seed ${seed}, ${this.#where}`);
    if (this.#rounds.length > 0) say(`${this.#rounds.length} rounds were played before`);
    for (const [name, why] of Object.entries(this.#skipped)) say(`${name} is left out: ${why}`);
    for (const kind of new Set([...this.#due.keys()].map(({ fleet }) => fleet))) {
      const faults = [...this.#due.keys()].filter(({ fleet }) => fleet === kind);
      if (faults.some((fault) => this.#left(fault) > 0)) await this.#playFleet(kind, faults);
    }
  }

  result(): StreamsResult {
    const { seed, rounds } = this.#options;
    const all = this.#rounds;
    const faults = [...new Set(all.map(({ fault }) => fault))].map(
      (name) => [name, tallyOf(all.filter(({ fault }) => fault === name))] as const,
    );
    const streams = all.flatMap((round) => round.streams);
    const kinds = KINDS.map(
      (name) => [name, countsOf(streams.filter(({ kind }) => kind === name))] as const,
    );
    const minutes = Math.round((performance.now() - this.#beganMs) / 6_000) / 10;
    const cut = all.length < rounds ? [`only ${all.length} of ${rounds} rounds were played`] : [];
    return {
      ...{ seed, rounds: all.length, where: this.#where, minutes },
      ...{ faults: Object.fromEntries(faults), kinds: Object.fromEntries(kinds) },
      ...{ skipped: this.#skipped, failures: [...all.flatMap(failuresOf), ...cut] },
    };
  }

  #isPossible({ name, whyNot }: Fault): boolean {
    const why = whyNot();
    if (why !== null) this.#skipped[name] = why;
    return why === null;
  }

  #left(fault: Fault): number {
    const played = this.#rounds.filter((round) => round.fault === fault.name).length;
    return (this.#due.get(fault) ?? 0) - played;
  }

  async #playFleet(kind: FleetKind, faults: readonly Fault[]): Promise<void> {
    const { env, say, signal } = this.#options;
    if (signal.aborted) return;
    say(`a fleet, ${kind}, for ${faults.map(({ name }) => name).join(", ")}`);
    const fleet = await ChaosFleet.start({ kind, env, say });
    try {
      const stories = await this.#tellStories(fleet);
      for (const fault of faults) {
        while (this.#left(fault) > 0 && !signal.aborted) {
          await this.#playCounted(fleet, stories, fault);
        }
      }
    } finally {
      await fleet.stop();
    }
  }

  async #tellStories(fleet: ChaosFleet): Promise<readonly Story[]> {
    const { seed, storiesPerKind } = this.#options;
    const tell = (body: object): ReturnType<typeof chatOnce> =>
      chatOnce({ url: fleet.serving.url, model: fleet.model, body }, () => {});
    const kinds = Array.from({ length: storiesPerKind }, () => KINDS).flat();
    const telling = kinds.map((kind, i) => tellStory(kind, randomOf(`${seed}/story ${i}`), tell));
    return Promise.all(telling);
  }

  /** Until the fault has hit somebody. */
  async #playCounted(fleet: ChaosFleet, stories: readonly Story[], fault: Fault): Promise<void> {
    const { seed } = this.#options;
    const number = this.#rounds.filter((round) => round.fault === fault.name).length;
    for (let missed = 0; missed <= MISSES_MAX; missed++) {
      const name = `${fault.name}-${number}-${missed}`;
      const random = randomOf(`${seed}/${name}`);
      const round = await playRound({ fleet, stories, random, name }, fault);
      if (round !== null) return this.#take({ ...round, number, missed });
    }
    throw new Error(`${fault.name} hit nothing ${MISSES_MAX} times`);
  }

  #take(round: RoundRecord): void {
    this.#rounds.push(round);
    this.#journal?.add(round);
    const { rounds, say } = this.#options;
    const failures = failuresOf(round);
    for (const failure of failures) say(failure);
    const played = this.#rounds.length - (this.#journal?.rounds.length ?? 0);
    const minutes = (performance.now() - this.#beganMs) / 60_000;
    const left = Math.ceil(((rounds - this.#rounds.length) * minutes) / played);
    const pause = Math.round(Math.max(...round.streams.map(({ pauseMs }) => pauseMs)));
    say(
      `${this.#rounds.length}/${rounds}  ${round.fault}: hit ${round.hit}, ` +
        `longest pause ${pause} ms, ${failures.length === 0 ? "all the same" : "FAILED"}  ` +
        `(${(played / minutes).toFixed(1)} rounds a minute, ${left} min left)`,
    );
  }
}

function randomOf(name: string): ReturnType<typeof seededRandom> {
  return seededRandom(fnv1a(name));
}
