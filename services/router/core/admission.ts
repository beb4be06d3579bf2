// Who is let in, in which order, and who is told to come back: one bounded queue for each model,
// shared between classes by weight and between namespaces in turn.
//
// A request arrives, is admitted at once or deferred, and leaves; or waits too long and is expired.
// What is admitted is sent to a worker by pick().
//
//   D1. At most `capacity` requests of a model are admitted, and at most `namespaceMax` of one
//       namespace over all models: nobody takes the places of everybody.
//   D2. At most `queuedMax` wait for a model, of which a namespace has at most its share.
//   D3. None waits longer than `waitMaxMs`.
//   D4. While the queue is not empty, classes are admitted by their weights: none starves.
//   D5. Every refusal says after what time the queue is likely to have drained.

import assert from "node:assert/strict";
import { levelOf, mayJoin } from "./backpressure.ts";
import type { BackpressureLevel } from "./backpressure.ts";
import { CLASS_WEIGHTS, REQUEST_CLASSES } from "./request-class.ts";
import type { RequestClass } from "./request-class.ts";

export interface AdmissionOptions {
  readonly queuedMax: number;
  /** Of a model's queue, for one namespace. */
  readonly namespaceQueueShare: number;
  /** Admitted at once, of one namespace. */
  readonly namespaceMax: number;
  readonly waitMaxMs: number;
  readonly retryAfterMinMs: number;
  readonly retryAfterMaxMs: number;
  /** The rate of admissions is measured over so many seconds. */
  readonly rateWindowS: number;
}

export const ADMISSION_DEFAULTS: AdmissionOptions = {
  queuedMax: 1_024,
  namespaceQueueShare: 0.5,
  namespaceMax: 512,
  waitMaxMs: 30_000, // RYZ-36.
  retryAfterMinMs: 1_000,
  retryAfterMaxMs: 60_000,
  rateWindowS: 10,
};

export interface Arrival {
  readonly id: string;
  readonly model: string;
  readonly namespace: string;
  readonly priority: RequestClass;
}

export type Admitted =
  | { readonly kind: "admitted" }
  /** It waits; its id comes out of onCapacity() or onAdmissionTick(). */
  | { readonly kind: "deferred"; readonly level: BackpressureLevel }
  | {
      readonly kind: "refused";
      readonly reason: "overload" | "quota";
      readonly retryAfterMs: number;
    };

interface Entry extends Arrival {
  readonly atMs: number;
  state: "waiting" | "admitted";
}

interface ClassQueue {
  /** By namespace, in the order in which they are served; only those with requests. */
  readonly namespaces: Map<string, Entry[]>;
  /** Grows by 1/weight with each that is taken: the smallest is next. */
  served: number;
}

interface ModelQueue {
  readonly model: string;
  capacity: number;
  admitted: number;
  queued: number;
  readonly queuedOf: Map<string, number>;
  readonly classes: Readonly<Record<RequestClass, ClassQueue>>;
  /** Ends in the second of each place. */
  readonly ends: { second: number; count: number }[];
}

export interface Admission {
  readonly options: AdmissionOptions;
  readonly models: Map<string, ModelQueue>;
  readonly entries: Map<string, Entry>;
  readonly admittedOf: Map<string, number>;
}

export function newAdmission(options: AdmissionOptions): Admission {
  return { options, models: new Map(), entries: new Map(), admittedOf: new Map() };
}

export function onArrived(admission: Admission, arrival: Arrival, nowMs: number): Admitted {
  const { options } = admission;
  assert(!admission.entries.has(arrival.id), `${arrival.id} is here already`);
  const queue = queueOf(admission, arrival.model);
  const entry: Entry = { ...arrival, atMs: nowMs, state: "waiting" };
  const isQuotaFree = countOf(admission.admittedOf, arrival.namespace) < options.namespaceMax;
  if (queue.queued === 0 && queue.admitted < queue.capacity && isQuotaFree) {
    admission.entries.set(entry.id, entry);
    admit(admission, queue, entry);
    return { kind: "admitted" };
  }
  const level = levelOf(queue.queued, options.queuedMax);
  const isShareFree =
    countOf(queue.queuedOf, arrival.namespace) < options.queuedMax * options.namespaceQueueShare;
  const isFull = queue.queued >= options.queuedMax;
  // Of a full queue nobody has a share left: that is no fault of a namespace's.
  if (!isFull && !isShareFree) return refusedFor("quota", admission, queue, nowMs);
  if (isFull || !mayJoin(arrival.priority, level)) {
    return refusedFor("overload", admission, queue, nowMs);
  }
  admission.entries.set(entry.id, entry);
  enqueue(queue, entry);
  return { kind: "deferred", level };
}

/** Places for a model's requests at all workers together. Returns who is admitted now. */
export function onCapacity(admission: Admission, model: string, capacity: number): string[] {
  const queue = queueOf(admission, model);
  queue.capacity = capacity;
  return drain(admission, queue);
}

/** A request has ended, or its client went away while it waited. Returns who is admitted now. */
export function onLeft(admission: Admission, id: string, nowMs: number): string[] {
  const entry = admission.entries.get(id);
  if (entry === undefined) return []; // Expired, or left twice.
  const queue = queueOf(admission, entry.model);
  admission.entries.delete(id);
  if (entry.state === "waiting") {
    dequeue(queue, entry);
    return [];
  }
  queue.admitted -= 1;
  add(admission.admittedOf, entry.namespace, -1);
  countEnd(queue, nowMs);
  // The bulkhead that this has made room in may have held up other models' queues.
  return Array.from(admission.models.values()).flatMap((each) => drain(admission, each));
}

/** Those that have waited too long; each is refused with the time that is given. */
export function onAdmissionTick(
  admission: Admission,
  nowMs: number,
): { readonly id: string; readonly retryAfterMs: number }[] {
  const expired: { readonly id: string; readonly retryAfterMs: number }[] = [];
  for (const entry of admission.entries.values()) {
    if (entry.state !== "waiting" || nowMs - entry.atMs < admission.options.waitMaxMs) continue;
    const queue = queueOf(admission, entry.model);
    expired.push({ id: entry.id, retryAfterMs: drainedMs(admission, queue, nowMs) });
    admission.entries.delete(entry.id);
    dequeue(queue, entry);
  }
  return expired;
}

/** How full a model's queue is. */
export function backpressureOf(admission: Admission, model: string): BackpressureLevel {
  return levelOf(admission.models.get(model)?.queued ?? 0, admission.options.queuedMax);
}

function refusedFor(
  reason: "overload" | "quota",
  admission: Admission,
  queue: ModelQueue,
  nowMs: number,
): Admitted {
  return { kind: "refused", reason, retryAfterMs: drainedMs(admission, queue, nowMs) };
}

/**
 * When a queue like this one is empty: at the rate at which requests have ended lately or, where
 * none has, as if what runs took as long again as the oldest of it has been here.
 */
function drainedMs(admission: Admission, queue: ModelQueue, nowMs: number): number {
  const { rateWindowS, retryAfterMinMs, retryAfterMaxMs } = admission.options;
  const now = Math.floor(nowMs / 1000);
  let ends = 0;
  for (const { second, count } of queue.ends) if (second > now - rateWindowS) ends += count;
  const windowMs = rateWindowS * 1000;
  const eachMs = ends > 0 ? windowMs / ends : (eachRunningMs(admission, queue, nowMs) ?? windowMs);
  const ms = (queue.queued + 1) * eachMs;
  return Math.round(Math.min(retryAfterMaxMs, Math.max(retryAfterMinMs, ms)));
}

/** Between two ends of what runs, if all of it takes as long again; null: nothing runs. */
function eachRunningMs(admission: Admission, queue: ModelQueue, nowMs: number): number | null {
  if (queue.admitted === 0) return null;
  // In the order in which they came: the first that runs is the oldest.
  for (const { model, state, atMs } of admission.entries.values()) {
    if (model !== queue.model || state !== "admitted") continue;
    return Math.max(admission.options.retryAfterMinMs, nowMs - atMs) / queue.admitted;
  }
  return null;
}

function drain(admission: Admission, queue: ModelQueue): string[] {
  const admitted: string[] = [];
  while (queue.queued > 0 && queue.admitted < queue.capacity) {
    const entry = nextOf(admission, queue);
    if (entry === null) break; // Everyone who waits is at the limit of its namespace.
    dequeue(queue, entry);
    const { namespaces } = queue.classes[entry.priority];
    const rest = namespaces.get(entry.namespace);
    if (rest !== undefined) {
      namespaces.delete(entry.namespace);
      namespaces.set(entry.namespace, rest); // The others first.
    }
    admit(admission, queue, entry);
    admitted.push(entry.id);
  }
  return admitted;
}

/** Of the class that is furthest behind its share, the namespace that was served longest ago. */
function nextOf(admission: Admission, queue: ModelQueue): Entry | null {
  const waiting = REQUEST_CLASSES.filter((each) => queue.classes[each].namespaces.size > 0);
  waiting.sort((a, b) => queue.classes[a].served - queue.classes[b].served);
  for (const each of waiting) {
    const { namespaces } = queue.classes[each];
    for (const [namespace, entries] of namespaces) {
      if (countOf(admission.admittedOf, namespace) >= admission.options.namespaceMax) continue;
      queue.classes[each].served += 1 / CLASS_WEIGHTS[each];
      return entries[0] ?? null;
    }
  }
  return null;
}

function admit(admission: Admission, queue: ModelQueue, entry: Entry): void {
  entry.state = "admitted";
  queue.admitted += 1;
  add(admission.admittedOf, entry.namespace, 1);
}

function enqueue(queue: ModelQueue, entry: Entry): void {
  const classQueue = queue.classes[entry.priority];
  // A class that was away has saved up nothing: it begins level with those that are waiting.
  if (classQueue.namespaces.size === 0) {
    const others = REQUEST_CLASSES.map((each) => queue.classes[each]);
    const waiting = others.filter((each) => each.namespaces.size > 0).map((each) => each.served);
    const level = waiting.length === 0 ? 0 : Math.min(...waiting);
    classQueue.served = waiting.length === 0 ? 0 : Math.max(classQueue.served, level);
  }
  const entries = classQueue.namespaces.get(entry.namespace);
  if (entries === undefined) classQueue.namespaces.set(entry.namespace, [entry]);
  else entries.push(entry);
  queue.queued += 1;
  add(queue.queuedOf, entry.namespace, 1);
}

function dequeue(queue: ModelQueue, entry: Entry): void {
  const { namespaces } = queue.classes[entry.priority];
  const entries = namespaces.get(entry.namespace);
  const at = entries?.indexOf(entry) ?? -1;
  assert(entries !== undefined && at >= 0, `${entry.id} does not wait`);
  entries.splice(at, 1);
  if (entries.length === 0) namespaces.delete(entry.namespace);
  queue.queued -= 1;
  add(queue.queuedOf, entry.namespace, -1);
}

function queueOf(admission: Admission, model: string): ModelQueue {
  const known = admission.models.get(model);
  if (known !== undefined) return known;
  const classQueue = (): ClassQueue => ({ namespaces: new Map(), served: 0 });
  const queue: ModelQueue = {
    ...{ model, capacity: 0, admitted: 0, queued: 0, queuedOf: new Map() },
    classes: {
      ...{ critical: classQueue(), realtime: classQueue(), high: classQueue() },
      ...{ normal: classQueue(), low: classQueue(), bulk: classQueue() },
    },
    ends: Array.from({ length: admission.options.rateWindowS }, () => ({ second: -1, count: 0 })),
  };
  admission.models.set(model, queue);
  return queue;
}

function countEnd(queue: ModelQueue, nowMs: number): void {
  const second = Math.floor(nowMs / 1000);
  const place = queue.ends[second % queue.ends.length];
  assert(place !== undefined);
  if (place.second !== second) {
    place.second = second;
    place.count = 0;
  }
  place.count += 1;
}

function countOf(counts: ReadonlyMap<string, number>, name: string): number {
  return counts.get(name) ?? 0;
}

/** Names without a count are not kept: they are the callers'. */
function add(counts: Map<string, number>, name: string, by: number): void {
  const count = countOf(counts, name) + by;
  assert(count >= 0, name);
  if (count === 0) counts.delete(name);
  else counts.set(name, count);
}
