// One partition: the unit of ownership, log, timers and turns.
//
// Its one loop takes letters from the mailbox, runs a turn for each, commits all their events as
// one record (or as several that count only together: replay.ts) and only then lets replies,
// messages and reads out. State changes in memory while a turn runs; a commit that fails throws
// that state away and reads the log again, so nobody ever sees what is not durable.
//
// Invariants:
//
//   P1. One append in flight. While it is, no turn runs.
//   P2. A reply, a message to another partition and a read leave only when every event before them
//       is committed.
//   P3. A message from another partition is committed as received together with what it did.
//   P4. After FENCED nothing more leaves this partition, ever.

import assert from "node:assert/strict";
import type { Clock, Timers } from "#shared/base/clock.ts";
import { Failure } from "#shared/base/errors.ts";
import type { Random } from "#shared/base/prng.ts";
import type { EventLog, LogEntry, LogEvent, PartitionWriter } from "#shared/state/log.ts";
import { type ActorTypes, type Turn, kindOf } from "./actor.ts";
import { Batch, RECORD_BYTES_TARGET, checkEventSize } from "./batch.ts";
import { type Lane, Mailbox } from "./mailbox.ts";
import type { OutboxMessage } from "./outbox.ts";
import { PARTITION_ACTOR, PartitionState, type SystemEvent } from "./partition-state.ts";
import { Replay, marked } from "./replay.ts";

export interface PartitionPorts {
  readonly log: EventLog;
  readonly writer: string;
  readonly types: ActorTypes;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** Runs `task` soon, after what is already going on; setImmediate outside of simulations. */
  defer(task: () => void): void;
  /** Which partition an actor lives in. */
  partitionOf(address: string): number;
  /** Hands messages to their partition; how many it took, in order. The rest is sent again. */
  deliver(to: number, from: number, messages: readonly OutboxMessage[]): number;
  /** Tells the sender that everything up to `n` is committed here. */
  acknowledge(sender: number, receiver: number, n: number): void;
  /** This partition answers again: senders start over with what is not acknowledged. */
  opened(partition: number): void;
  committed(entries: readonly LogEntry[], tookMs: number): void;
  /** The partition stopped for good (P4) or dropped a message that always fails. */
  failed(failure: Failure, fatal: boolean): void;
}

/** Turns in one batch: bounds how long the loop keeps others waiting. */
const BATCH_TURNS_MAX = 512;
/** Messages to one partition sent and not acknowledged. */
const DELIVERY_WINDOW = 1024;
const REDELIVER_MS = 50;
/** After a full log, and between tries to claim it again. */
const FULL_PAUSE_MS = 500;
const REOPEN_MS = 250;
/** A stale read comes from a replica that lags; it catches up in milliseconds. */
const REREAD_MS = 20;
const READS_MAX = 50;

interface Letter {
  readonly address: string;
  readonly message: object;
  readonly lane: Lane;
  readonly received: { readonly from: number; readonly n: number } | null;
  readonly timer: { readonly id: string; readonly atMs: number } | null;
  readonly resolve: ((reply: unknown) => void) | null;
  readonly reject: ((failure: Failure) => void) | null;
}

type Phase = "closed" | "open" | "committing" | "reloading" | "dead";

export class Partition {
  readonly number: number;
  readonly #ports: PartitionPorts;
  readonly #mailbox = new Mailbox<Letter>();
  #state: PartitionState;
  #phase: Phase = "closed";
  #writer: PartitionWriter | null = null;
  #pumpDeferred = false;
  #cancelTimer: (() => void) | null = null;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #fullUntilMs = 0;
  #readers: (() => void)[] = [];
  /** Highest number handed to each partition, and highest one it said it has committed. */
  readonly #delivered = new Map<number, number>();
  readonly #ackSeen = new Map<number, number>();
  /** Highest number taken into the mailbox from each partition. */
  readonly #taken = new Map<number, number>();
  readonly #redelivering = new Set<number>();
  /** Partitions that sent again what was committed here long ago. */
  readonly #ackOwed = new Set<number>();
  /** Letters whose turn failed as a bug: dropped with a mark in the log when they come again. */
  readonly #poison = new Map<string, string>();

  constructor(number: number, ports: PartitionPorts) {
    this.number = number;
    this.#ports = ports;
    this.#state = new PartitionState(ports.types);
  }

  get epoch(): number {
    return this.#writer?.epoch ?? 0;
  }

  get phase(): Phase {
    return this.#phase;
  }

  get mailboxSize(): number {
    return this.#mailbox.size;
  }

  /** Takes ownership and replays the log. Rejects with the log's Failure. */
  async open(): Promise<void> {
    assert(this.#phase === "closed");
    this.#phase = "reloading";
    await this.#claim(false);
  }

  async #claim(reloaded: boolean): Promise<void> {
    this.#writer = await this.#ports.log.claim(
      this.number,
      this.#ports.writer,
      this.#ports.clock.nowMs(),
    );
    await this.#replay(reloaded);
  }

  close(): void {
    this.#phase = "closed";
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#rejectAll(new Failure("UNAVAILABLE", "the scheduler is stopping"));
  }

  /** One turn of one actor; resolves with its reply when that is durable. */
  ask(address: string, message: object, lane: Lane): Promise<unknown> {
    if (this.#phase === "dead" || this.#phase === "closed") return Promise.reject(this.#gone());
    if (lane === "normal" && this.#ports.clock.monotonicMs() < this.#fullUntilMs) {
      return Promise.reject(full("the log is full"));
    }
    return new Promise((resolve, reject) => {
      const letter = { address, message, lane, received: null, timer: null, resolve, reject };
      if (!this.#mailbox.push(lane, letter)) {
        reject(full(`partition ${this.number} has too much waiting`));
        return;
      }
      this.#pumpSoon();
    });
  }

  /** What `look` returns of an actor's state, once everything in it is durable. */
  read<T>(look: (state: PartitionState) => T): Promise<T> {
    if (this.#phase === "open") return Promise.resolve(look(this.#state));
    if (this.#phase === "dead" || this.#phase === "closed") return Promise.reject(this.#gone());
    return new Promise((resolve, reject) => {
      this.#readers.push(() => {
        if (this.#phase === "open") resolve(look(this.#state));
        else reject(this.#gone());
      });
    });
  }

  /** Messages of another partition; how many were taken in. */
  receive(from: number, messages: readonly OutboxMessage[]): number {
    if (this.#phase === "dead" || this.#phase === "closed" || this.#phase === "reloading") return 0;
    let count = 0;
    for (const { n, to, message } of messages) {
      const taken = this.#taken.get(from) ?? this.#state.outbox.received(from);
      if (n > taken + 1) break; // A gap: the sender starts over from what is acknowledged.
      if (n === taken + 1) {
        const received = { from, n };
        const letter = { address: to, message, received, timer: null, resolve: null, reject: null };
        if (!this.#mailbox.push("system", { ...letter, lane: "system" })) break;
        this.#taken.set(from, n);
      }
      count += 1;
    }
    const last = messages[count - 1];
    if (last === undefined) return count;
    if (last.n <= this.#state.outbox.received(from)) this.#ackOwed.add(from);
    if (this.#phase === "open") this.#acknowledgeOwed();
    this.#pumpSoon();
    return count;
  }

  /** The receiver has committed everything up to `n`. */
  acknowledged(receiver: number, n: number): void {
    if (n <= (this.#ackSeen.get(receiver) ?? 0)) return;
    this.#ackSeen.set(receiver, n);
    if (this.#phase === "open") this.#deliverTo(receiver);
  }

  /**
   * Sends what `receiver` has not acknowledged from the start: it has lost what it had not
   * committed.
   */
  redeliver(receiver: number): void {
    this.#delivered.delete(receiver);
    if (this.#phase === "open") this.#deliverTo(receiver);
  }

  #pumpSoon(): void {
    if (this.#pumpDeferred || this.#phase !== "open") return;
    this.#pumpDeferred = true;
    const pump = (): void => {
      this.#pumpDeferred = false;
      this.#pump();
    };
    // What comes again by itself must not hammer a full log.
    const fullMs = this.#fullUntilMs - this.#ports.clock.monotonicMs();
    if (fullMs > 0) this.#ports.timers.after(fullMs, pump);
    else this.#ports.defer(pump);
  }

  #pump(): void {
    if (this.#phase !== "open") return;
    const batch = new Batch();
    const letters: Letter[] = [];
    const settle: (() => void)[] = [];
    while (letters.length < BATCH_TURNS_MAX && batch.bytes < RECORD_BYTES_TARGET) {
      const letter = this.#mailbox.take();
      if (letter === undefined) break;
      letters.push(letter);
      try {
        settle.push(this.#turns(letter, batch));
      } catch (error) {
        this.#bug(letter, error, letters);
        return;
      }
    }
    if (letters.length === 0) return;
    if (batch.empty) {
      for (const done of settle) done();
      if (this.#mailbox.size > 0) this.#pumpSoon();
      return;
    }
    this.#addAcks(batch);
    this.#phase = "committing";
    void this.#commit(batch, letters, settle);
  }

  /**
   * Runs a letter's turn and those it causes in this partition; returns what settles its caller.
   */
  #turns(first: Letter, batch: Batch): () => void {
    const local: { address: string; message: object }[] = [];
    let settle = (): void => {};
    const system: SystemEvent[] = [];
    if (first.received !== null) system.push({ type: "$received", ...first.received });
    if (first.timer !== null) {
      const dueAtMs = this.#state.timers.dueAtMs(first.address, first.timer.id);
      if (dueAtMs !== first.timer.atMs) return settle; // Moved or cleared since it came due.
      system.push({ type: "$timer", id: first.timer.id, atMs: null });
    }
    const poison = this.#poison.get(keyOf(first) ?? "");
    if (poison !== undefined) {
      system.push({ type: "$dead", reason: poison });
      this.#turn(first.address, null, system, batch, local);
      return settle;
    }
    try {
      const reply = this.#turn(first.address, first.message, system, batch, local);
      settle = () => first.resolve?.(reply);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      settle = () => first.reject?.(error.failure);
      if (first.reject === null) this.#ports.failed(error.failure, false);
    }
    for (let next = local.shift(); next !== undefined; next = local.shift()) {
      try {
        this.#turn(next.address, next.message, [], batch, local);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        this.#ports.failed(error.failure, false);
      }
    }
    return settle;
  }

  #turn(
    address: string,
    message: object | null,
    system: readonly SystemEvent[],
    batch: Batch,
    local: { address: string; message: object }[],
  ): unknown {
    const type = this.#ports.types.get(kindOf(address));
    assert(type !== undefined, `no actor kind for ${address}`);
    const events: LogEvent[] = [];
    const sizes: number[] = [];
    const record = (event: LogEvent): void => {
      const bytes = checkEventSize(event); // Throws before the event counts for anything.
      events.push(event);
      sizes.push(bytes);
      this.#state.apply(address, event);
    };
    for (const event of system) record(event);
    const before = events.length;
    const { clock, random } = this.#ports;
    const turn: Turn = {
      address,
      nowMs: clock.nowMs(),
      random,
      emit: (event) => {
        assert(!event.type.startsWith("$"));
        record(event);
      },
      send: (to, sent) => {
        const partition = this.#ports.partitionOf(to);
        if (partition === this.number) {
          local.push({ address: to, message: sent });
          return;
        }
        const n = this.#state.outbox.nextNumber(partition);
        record({ type: "$sent", partition, n, to, message: sent });
      },
      timer: (id, atMs) => record({ type: "$timer", id, atMs }),
    };
    try {
      return message === null
        ? undefined
        : type.receive(this.#state.actors.get(address), message, turn);
    } catch (error) {
      if (error instanceof Failure && events.length === before) throw new Refusal(error);
      throw error;
    } finally {
      batch.add(address, events, sizes);
    }
  }

  async #commit(
    batch: Batch,
    letters: readonly Letter[],
    settle: readonly (() => void)[],
  ): Promise<void> {
    const writer = this.#writer;
    assert(writer !== null);
    const startedMs = this.#ports.clock.monotonicMs();
    try {
      for (const entries of marked(batch.records, writer.tail.n + 1)) {
        await writer.append(entries, this.#ports.clock.nowMs());
      }
    } catch (error) {
      await this.#commitFailed(Failure.from(error), letters);
      return;
    }
    if (this.#phase !== "committing") return; // Closed meanwhile.
    this.#phase = "open";
    for (const done of settle) done();
    for (const letter of letters) {
      if (letter.received === null) continue;
      this.#ports.acknowledge(letter.received.from, this.number, letter.received.n);
    }
    this.#ports.committed(batch.records.flat(), this.#ports.clock.monotonicMs() - startedMs);
    this.#afterward();
  }

  /** Everything that may go on now that the state is durable. */
  #afterward(): void {
    const readers = this.#readers;
    this.#readers = [];
    for (const reader of readers) reader();
    for (const partition of this.#state.outbox.partitions()) this.#deliverTo(partition);
    this.#acknowledgeOwed();
    this.#armTimer();
    if (this.#mailbox.size > 0) this.#pumpSoon();
  }

  #acknowledgeOwed(): void {
    for (const from of this.#ackOwed) {
      this.#ports.acknowledge(from, this.number, this.#state.outbox.received(from));
    }
    this.#ackOwed.clear();
  }

  async #commitFailed(failure: Failure, letters: readonly Letter[]): Promise<void> {
    if (failure.code === "FULL") {
      this.#fullUntilMs = this.#ports.clock.monotonicMs() + FULL_PAUSE_MS;
      for (const letter of letters) letter.reject?.(full(failure.message, failure));
      this.#ports.failed(failure, false);
      await this.#reload(false);
      return;
    }
    for (const letter of letters) letter.reject?.(failure);
    if (failure.code === "FENCED") {
      this.#die(failure);
      return;
    }
    // Nobody knows whether the record is in the log: a new epoch settles it, then the log is read.
    this.#ports.failed(failure, false);
    await this.#reload(true);
  }

  /**
   * A turn failed as a bug: forget this batch, read the log again, and go on without that letter.
   */
  #bug(culprit: Letter, error: unknown, letters: readonly Letter[]): void {
    const failure = Failure.from(error);
    const key = keyOf(culprit);
    if (key !== null) this.#poison.set(key, failure.message.slice(0, 300));
    culprit.reject?.(failure);
    this.#ports.failed(failure, false);
    for (const letter of letters) {
      const again = letter !== culprit && letter.received === null && letter.timer === null;
      if (again && !this.#mailbox.push(letter.lane, letter)) letter.reject?.(full("mailbox"));
    }
    void this.#reload(false);
  }

  async #reload(claim: boolean): Promise<void> {
    if (this.#phase === "closed") return;
    this.#phase = "reloading";
    for (;;) {
      try {
        if (claim) await this.#claim(true);
        else await this.#replay(true);
        return;
      } catch (error) {
        const failure = Failure.from(error);
        if (this.#closed() || failure.retry !== "later") {
          this.#die(failure);
          return;
        }
        this.#ports.failed(failure, false);
        await new Promise<void>((resolve) => void this.#ports.timers.after(REOPEN_MS, resolve));
        if (this.#closed()) return;
      }
    }
  }

  async #replay(reloaded: boolean): Promise<void> {
    const state = await this.#stateAtTail();
    if (this.#phase !== "reloading") throw this.#gone(); // Closed meanwhile.
    this.#state = state;
    this.#delivered.clear();
    this.#ackSeen.clear();
    this.#taken.clear();
    this.#phase = "open";
    for (const [address, actor] of state.actors) {
      if (this.#ports.types.get(kindOf(address))?.wakes(actor) !== true) continue;
      const message = { kind: "wake", reloaded };
      const letter = { address, message, received: null, timer: null, resolve: null, reject: null };
      this.#mailbox.push("system", { ...letter, lane: "system" });
    }
    this.#ports.opened(this.number);
    this.#afterward();
  }

  /** A read may be stale, the tail this writer knows is not: what ends before it is read again. */
  async #stateAtTail(): Promise<PartitionState> {
    const writer = this.#writer;
    assert(writer !== null);
    for (let reads = 1; reads <= READS_MAX; reads++) {
      const state = new PartitionState(this.#ports.types);
      const replay = new Replay(state);
      let last = 0;
      for await (const { record } of this.#ports.log.read(this.number, 1)) {
        replay.apply(record);
        last = record.n;
      }
      if (last === writer.tail.n) return state;
      if (last > writer.tail.n) {
        throw new Failure("FENCED", `partition ${this.number} has records of another writer`);
      }
      await new Promise<void>((resolve) => void this.#ports.timers.after(REREAD_MS, resolve));
    }
    throw new Failure("UNAVAILABLE", `partition ${this.number} is read without its last record`);
  }

  #deliverTo(partition: number): void {
    const outbox = this.#state.outbox;
    const acked = Math.max(outbox.acked(partition), this.#ackSeen.get(partition) ?? 0);
    const delivered = Math.max(this.#delivered.get(partition) ?? 0, acked);
    const messages = outbox.after(partition, delivered, DELIVERY_WINDOW - (delivered - acked));
    if (messages.length === 0) return;
    const taken = this.#ports.deliver(partition, this.number, messages);
    const last = messages[taken - 1];
    this.#delivered.set(partition, last === undefined ? delivered : last.n);
    if (taken < messages.length) this.#redeliverLater(partition);
  }

  #redeliverLater(partition: number): void {
    if (this.#redelivering.has(partition)) return;
    this.#redelivering.add(partition);
    this.#ports.timers.after(REDELIVER_MS, () => {
      this.#redelivering.delete(partition);
      if (this.#phase === "open") this.#deliverTo(partition);
    });
  }

  #addAcks(batch: Batch): void {
    const events: LogEvent[] = [];
    for (const [partition, n] of this.#ackSeen) {
      if (n > this.#state.outbox.acked(partition)) events.push({ type: "$acked", partition, n });
    }
    for (const event of events) this.#state.apply(PARTITION_ACTOR, event);
    batch.add(
      PARTITION_ACTOR,
      events,
      events.map(() => 40),
    );
  }

  #armTimer(): void {
    const next = this.#state.timers.next();
    if (next === undefined || next.atMs >= this.#timerAtMs) return;
    this.#cancelTimer?.();
    this.#timerAtMs = next.atMs;
    const delayMs = Math.max(0, next.atMs - this.#ports.clock.nowMs());
    this.#cancelTimer = this.#ports.timers.after(delayMs, () => this.#timersDue());
  }

  #timersDue(): void {
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    this.#cancelTimer = null;
    if (this.#phase !== "open") return; // The next #afterward arms it again.
    const nowMs = this.#ports.clock.nowMs();
    for (
      let next = this.#state.timers.next();
      next !== undefined;
      next = this.#state.timers.next()
    ) {
      if (next.atMs > nowMs) break;
      const { actor, id, atMs } = next;
      const timer = { id, atMs };
      const message = { kind: "timer", timer: id };
      const letter = {
        address: actor,
        message,
        received: null,
        timer,
        resolve: null,
        reject: null,
      };
      if (!this.#mailbox.push("system", { ...letter, lane: "system" })) break;
      this.#state.timers.takeNext();
    }
    this.#armTimer();
    this.#pumpSoon();
  }

  #die(failure: Failure): void {
    if (this.#phase === "dead") return;
    this.#phase = "dead";
    this.#cancelTimer?.();
    this.#rejectAll(failure);
    this.#ports.failed(failure, true);
  }

  #rejectAll(failure: Failure): void {
    for (let letter = this.#mailbox.take(); letter !== undefined; letter = this.#mailbox.take()) {
      letter.reject?.(failure);
    }
    const readers = this.#readers;
    this.#readers = [];
    for (const reader of readers) reader();
  }

  #closed(): boolean {
    return this.#phase === "closed";
  }

  #gone(): Failure {
    return new Failure("UNAVAILABLE", `partition ${this.number} is ${this.#phase} here`);
  }
}

/** An actor said no before anything happened: the caller's answer, not a bug. */
class Refusal extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** Names a letter that comes again by itself; an ask is answered with its failure and does not. */
function keyOf(letter: Letter): string | null {
  const { received, timer } = letter;
  if (received !== null) return `message ${received.from} ${received.n}`;
  if (timer !== null) return `timer ${letter.address} ${timer.id} ${timer.atMs}`;
  return null;
}

function full(why: string, cause?: Failure): Failure {
  return new Failure("FULL", `nothing was taken in: ${why}`, {
    hint: "try again in a moment",
    retryAfterMs: FULL_PAUSE_MS,
    ...(cause === undefined ? {} : { cause }),
  });
}
