// A cluster as the scheduler sees it: who waits for it, who has a slot, and what its agent has been
// told. What happens on the cluster itself is the agent's to know.
//
// Invariants, checked by checkCluster() after every turn in tests:
//
//   C1. A token waits or is placed, never both, and is placed at most once.
//   C2. At most `slots` attempts are placed, and none was placed while the agent was away or said
//       that the cluster does not answer.
//   C3. Commands are numbered without gaps; every placed attempt was commanded.
//   C4. A report is taken once, by journal and number, and none is passed over.

import assert from "node:assert/strict";
import { Failure, unreachable } from "#shared/base/errors.ts";
import type { AttemptSpec } from "#shared/base/job.ts";
import type { ClusterEvent } from "./events.ts";
import type { ClusterMessage } from "./messages.ts";
import type { ClusterState } from "./state.ts";
import type { Turn } from "./turn.ts";
import { WaitQueue } from "./wait-queue.ts";

type ClusterTurn = Turn<ClusterEvent>;
type Of<K extends ClusterMessage["kind"]> = Extract<ClusterMessage, { kind: K }>;

export function onClusterMessage(
  cluster: ClusterState | undefined,
  message: ClusterMessage,
  turn: ClusterTurn,
): unknown {
  if (message.kind === "add") return onAdd(cluster, message, turn);
  if (cluster === undefined) return onNoCluster(message, turn);
  switch (message.kind) {
    case "enrol":
      return onEnrol(cluster, message, turn);
    case "agent-connected":
      return onConnected(cluster, message, turn);
    case "wake":
      if (message.reloaded === true) place(cluster, turn);
      else if (cluster.connected) turn.emit({ type: "cluster.lost" });
      return undefined;
    case "agent-lost":
      if (cluster.connected) turn.emit({ type: "cluster.lost" });
      return undefined;
    case "cluster-state":
      if (cluster.unreachable !== message.unreachable) {
        turn.emit({ type: "cluster.reachability", unreachable: message.unreachable });
        place(cluster, turn);
      }
      return undefined;
    case "reports":
      return onReports(cluster, message, turn);
    case "enqueue":
      return onEnqueue(cluster, message, turn);
    case "withdraw":
      return onWithdraw(cluster, message, turn);
    default:
      return unreachable(message);
  }
}

function onNoCluster(message: Exclude<ClusterMessage, Of<"add">>, turn: ClusterTurn): undefined {
  const name = turn.address.split("/").at(-1) ?? "";
  if (message.kind === "enqueue") {
    const reason = `there is no cluster ${name}: add it with \`signalbox cluster add ${name}\``;
    turn.send(message.job, { kind: "unplaceable", token: message.spec.token, reason });
    return undefined;
  }
  if (message.kind === "withdraw" || message.kind === "wake") return undefined;
  throw new Failure("NOT_FOUND", `there is no cluster ${name}`);
}

function onAdd(cluster: ClusterState | undefined, message: Of<"add">, turn: ClusterTurn): void {
  const [, namespace = "", name = ""] = turn.address.split("/");
  if (cluster !== undefined && (cluster.agent !== null || cluster.kind !== message.clusterKind)) {
    throw new Failure("ALREADY_EXISTS", `cluster ${name} exists and has an agent`, {
      hint: "choose another name; `signalbox cluster show` says more about this one",
    });
  }
  const { clusterKind, slots, enrolmentHash, enrolmentExpiresAtMs } = message;
  const added = { namespace, name, clusterKind, slots, enrolmentHash, enrolmentExpiresAtMs };
  turn.emit({ type: "cluster.added", ...added, atMs: turn.nowMs });
}

function onEnrol(
  cluster: ClusterState,
  message: Of<"enrol">,
  turn: ClusterTurn,
): { agentId: string } {
  const { agentId, publicKey } = message;
  // Its answer got lost.
  if (cluster.agent?.publicKey === publicKey) return { agentId: cluster.agent.id };
  const { enrolment } = cluster;
  const hint = `get a new one with \`signalbox cluster add ${cluster.name}\``;
  if (enrolment === null || enrolment.hash !== message.tokenHash) {
    throw new Failure("FORBIDDEN", "this enrolment token is wrong or was already used", { hint });
  }
  if (turn.nowMs > enrolment.expiresAtMs) {
    throw new Failure("FORBIDDEN", "this enrolment token is too old", { hint });
  }
  turn.emit({ type: "cluster.enrolled", agentId, publicKey, atMs: turn.nowMs });
  return { agentId };
}

function onConnected(
  cluster: ClusterState,
  message: Of<"agent-connected">,
  turn: ClusterTurn,
): { reportSeen: number } {
  const { journalId, journalNew, commandSeen } = message;
  const fresh = journalNew || cluster.journal?.id !== journalId;
  turn.emit({ type: "cluster.connected", journalId, commandSeen: fresh ? 0 : commandSeen });
  if (fresh) commandAgain(cluster, turn);
  place(cluster, turn);
  return { reportSeen: cluster.journal?.reportSeen ?? 0 };
}

/** The agent knows nothing of what it was told: tell it again. It adopts what already runs. */
function commandAgain(cluster: ClusterState, turn: ClusterTurn): void {
  const submits = cluster.commands.filter(({ kind }) => kind === "submit");
  const commanded = new Set(submits.map(({ token }) => token));
  for (const { token, cancelAsked } of cluster.placed.values()) {
    if (!commanded.has(token)) {
      turn.emit({ type: "cluster.commanded-again", token, seq: cluster.commandSeq + 1 });
    }
    if (!cancelAsked) continue;
    const seq = cluster.commandSeq + 1;
    turn.emit({ type: "cluster.cancel-asked", token, seq, reason: "asked before" });
  }
}

function onReports(
  cluster: ClusterState,
  message: Of<"reports">,
  turn: ClusterTurn,
): { seen: number } {
  if (cluster.journal?.id !== message.journalId) {
    throw new Failure(
      "CONFLICT",
      `reports of journal ${message.journalId}, which is not connected`,
    );
  }
  const fresh = message.reports.filter(({ seq }) => seq > (cluster.journal?.reportSeen ?? 0));
  const last = fresh.at(-1);
  if (last === undefined) return { seen: cluster.journal.reportSeen };
  const expected = cluster.journal.reportSeen + 1;
  if (fresh[0]?.seq !== expected) {
    throw new Failure("CONFLICT", `report ${fresh[0]?.seq} came instead of ${expected}`);
  }
  const tokens = [...new Set(fresh.map(({ token }) => token))];
  turn.emit({ type: "cluster.reported", seq: last.seq, tokens });
  for (const { token, report } of fresh) {
    const placed = cluster.placed.get(token);
    if (placed === undefined) continue; // Ended before: a report of an agent that started over.
    turn.send(placed.job, { kind: "report", token, report });
    if (report.kind === "ended") turn.emit({ type: "cluster.released", token });
  }
  place(cluster, turn);
  return { seen: last.seq };
}

function onEnqueue(cluster: ClusterState, message: Of<"enqueue">, turn: ClusterTurn): void {
  const { job, priority, spec } = message;
  if (cluster.waiting.has(spec.token) || cluster.placed.has(spec.token)) return;
  turn.emit({ type: "cluster.enqueued", job, priority, spec, atMs: turn.nowMs });
  place(cluster, turn);
}

function onWithdraw(cluster: ClusterState, message: Of<"withdraw">, turn: ClusterTurn): void {
  const { token, job, reason } = message;
  const placed = cluster.placed.get(token);
  if (cluster.waiting.has(token)) {
    turn.emit({ type: "cluster.withdrawn", token });
    turn.send(job, { kind: "withdrawn", token });
  } else if (placed !== undefined && !placed.cancelAsked) {
    turn.emit({ type: "cluster.cancel-asked", token, seq: cluster.commandSeq + 1, reason });
  }
}

/** Gives free slots to those who wait, in their order. */
function place(cluster: ClusterState, turn: ClusterTurn): void {
  if (!cluster.connected || cluster.unreachable !== null) return;
  while (cluster.placed.size < cluster.slots) {
    const next = cluster.waiting.first();
    if (next === undefined) return;
    const { token, job } = next;
    turn.emit({ type: "cluster.placed", token, seq: cluster.commandSeq + 1, atMs: turn.nowMs });
    turn.send(job, { kind: "placed", token });
  }
}

export function applyCluster(state: ClusterState | undefined, event: ClusterEvent): ClusterState {
  if (event.type === "cluster.added") return addedCluster(state, event);
  assert(state !== undefined, `${event.type} before cluster.added`);
  switch (event.type) {
    case "cluster.enrolled": {
      const { agentId, publicKey, atMs } = event;
      state.agent = { id: agentId, publicKey, enrolledAtMs: atMs };
      state.enrolment = null;
      break;
    }
    case "cluster.connected": {
      const { journalId, commandSeen } = event;
      if (state.journal?.id !== journalId) state.journal = { id: journalId, reportSeen: 0 };
      state.connected = true;
      state.commands = state.commands.filter(({ seq }) => seq > commandSeen);
      break;
    }
    case "cluster.lost":
      state.connected = false;
      break;
    case "cluster.reachability":
      state.unreachable = event.unreachable;
      break;
    case "cluster.enqueued": {
      const { job, priority, spec, atMs } = event;
      state.waiting.add({ token: spec.token, job, priority, spec, enqueuedAtMs: atMs });
      break;
    }
    case "cluster.placed": {
      const waiting = state.waiting.get(event.token);
      assert(waiting !== undefined);
      state.waiting.remove(event.token);
      const { token, job, spec } = waiting;
      state.placed.set(token, { token, job, spec, placedAtMs: event.atMs, cancelAsked: false });
      addCommand(state, { seq: event.seq, kind: "submit", token });
      break;
    }
    case "cluster.commanded-again":
      addCommand(state, { seq: event.seq, kind: "submit", token: event.token });
      break;
    case "cluster.reported": {
      assert(state.journal !== null && event.seq > state.journal.reportSeen, "C4");
      state.journal.reportSeen = event.seq;
      // A report shows that the agent has journalled the attempt's submission.
      const tokens = new Set(event.tokens);
      state.commands = state.commands.filter(
        (command) => command.kind !== "submit" || !tokens.has(command.token),
      );
      break;
    }
    case "cluster.released":
      state.placed.delete(event.token);
      state.commands = state.commands.filter(({ token }) => token !== event.token);
      break;
    case "cluster.withdrawn":
      state.waiting.remove(event.token);
      break;
    case "cluster.cancel-asked": {
      const { seq, token, reason } = event;
      const placed = state.placed.get(token);
      assert(placed !== undefined);
      placed.cancelAsked = true;
      addCommand(state, { seq, kind: "cancel", token, reason });
      break;
    }
    default:
      unreachable(event);
  }
  return state;
}

function addedCluster(
  state: ClusterState | undefined,
  event: Extract<ClusterEvent, { type: "cluster.added" }>,
): ClusterState {
  const enrolment = { hash: event.enrolmentHash, expiresAtMs: event.enrolmentExpiresAtMs };
  if (state !== undefined) {
    state.enrolment = enrolment;
    state.slots = event.slots;
    return state;
  }
  return {
    namespace: event.namespace,
    name: event.name,
    kind: event.clusterKind,
    createdAtMs: event.atMs,
    slots: event.slots,
    enrolment,
    agent: null,
    journal: null,
    connected: false,
    unreachable: null,
    waiting: new WaitQueue(),
    placed: new Map(),
    commandSeq: 0,
    commands: [],
  };
}

function addCommand(state: ClusterState, command: ClusterState["commands"][number]): void {
  assert.equal(command.seq, state.commandSeq + 1, "C3");
  state.commandSeq = command.seq;
  state.commands.push(command);
}

/** What a submit command carries. */
export function specOf(cluster: ClusterState, token: string): AttemptSpec | null {
  return cluster.placed.get(token)?.spec ?? null;
}

/** Fails when an invariant does not hold; for tests and simulations. */
export function checkCluster(cluster: ClusterState): void {
  for (const { token } of cluster.waiting.values())
    assert(!cluster.placed.has(token), `C1: ${token}`);
  assert(cluster.placed.size <= cluster.slots, "C2");
  for (let i = 1; i < cluster.commands.length; i++) {
    assert((cluster.commands[i]?.seq ?? 0) > (cluster.commands[i - 1]?.seq ?? 0), "C3");
  }
  for (const { token } of cluster.commands) assert(cluster.placed.has(token), `C3: ${token}`);
}
