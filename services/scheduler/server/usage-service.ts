// What requests to models came to: pieces of routers' journals taken in, sums given out.

import type { signalbox } from "#proto/signalbox.js";
import { Failure } from "#shared/base/errors.ts";
import { parseNamespaceId } from "#shared/base/ids.ts";
import { usageAddress } from "../core/messages.ts";
import type { UsageCell } from "../core/state.ts";
import { usageBetween } from "../core/usage-core.ts";
import { isOperator, type Caller } from "./auth.ts";
import type { ControlPlane } from "./control-plane.ts";

export interface UsageView extends UsageCell {
  readonly namespace: string;
}

/** In one piece: some hundred kilobytes of one record of the log at most. */
const CELLS_MAX = 2_000;
const JOURNAL = /^[0-9a-f]{24,64}$/;
const TEXT_MAX = 256;
const DAY_MS = 86_400_000;

export class UsageService {
  readonly #plane: ControlPlane;

  constructor(plane: ControlPlane) {
    this.#plane = plane;
  }

  async post(
    caller: Caller,
    request: signalbox.control.v1.IPostUsageRequest,
  ): Promise<{ refused: string[] }> {
    const { journal = "", from = 0, to = 0 } = request;
    if (!JOURNAL.test(journal ?? "")) throw new Failure("INVALID", "the journal has no id");
    if (!(wholeOf(from, "from") < wholeOf(to, "to"))) {
      throw new Failure("INVALID", `a piece from ${from} to ${to} is none`);
    }
    const given = request.cells ?? [];
    if (given.length > CELLS_MAX) {
      throw new Failure("INVALID", `${given.length} sums in one piece; ${CELLS_MAX} are the most`);
    }
    const byNamespace = new Map<string, UsageCell[]>();
    for (const wire of given) {
      const namespace = wire.namespace ?? "";
      const cells = byNamespace.get(namespace) ?? [];
      byNamespace.set(namespace, [...cells, cellOf(wire)]);
    }
    const refused = [...byNamespace.keys()].filter((namespace) => !isNamespace(namespace));
    for (const namespace of refused) byNamespace.delete(namespace);
    // All of them before any: a piece is for who may post all of it.
    for (const namespace of byNamespace.keys()) this.#mayPost(caller, namespace);
    for (const [namespace, cells] of byNamespace) {
      await this.#plane.engine.ask<"usage">(usageAddress(namespace), {
        ...{ kind: "post", journal: journal ?? "", from: from ?? 0, to: to ?? 0, cells },
      });
    }
    return { refused };
  }

  async get(
    caller: Caller,
    request: signalbox.control.v1.IGetUsageRequest,
  ): Promise<{ cells: UsageView[] }> {
    const namespace = isOperator(caller)
      ? parseNamespaceId(request.namespace || caller.namespace)
      : this.#plane.auth.require(caller, request.namespace, "viewer");
    const { fromDay, toDay } = request;
    const cells = await this.#plane.engine.read<"usage", UsageCell[]>(
      usageAddress(namespace),
      (usage) => (usage === undefined ? [] : usageBetween(usage, fromDay || 0, toDay || Infinity)),
    );
    return { cells: cells.map((cell) => ({ namespace, ...cell })) };
  }

  /** The operators' administrators for everybody, a namespace's own for it. */
  #mayPost(caller: Caller, namespace: string): void {
    if (!isOperator(caller)) this.#plane.auth.require(caller, namespace, "admin");
  }
}

/** Days since 1970, in UTC, of `2026-05-01`; null for what is no day. */
export function dayOf(text: string): number | null {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(ms) ? null : ms / DAY_MS;
}

export function dateOf(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

function isNamespace(text: string): boolean {
  try {
    parseNamespaceId(text);
    return true;
  } catch {
    return false;
  }
}

function cellOf(wire: signalbox.control.v1.IUsageCell): UsageCell {
  const { key, model } = wire;
  return {
    ...{ day: wholeOf(wire.day, "day"), key: textOf(key, "key"), model: textOf(model, "model") },
    ...{ requests: wholeOf(wire.requests, "requests"), failed: wholeOf(wire.failed, "failed") },
    promptTokens: wholeOf(wire.promptTokens, "prompt_tokens"),
    cachedTokens: wholeOf(wire.cachedTokens, "cached_tokens"),
    completionTokens: wholeOf(wire.completionTokens, "completion_tokens"),
    workerMs: wholeOf(wire.workerMs, "worker_ms"),
  };
}

function textOf(value: string | null | undefined, name: string): string {
  const text = value ?? "";
  if (text.length > TEXT_MAX)
    throw new Failure("INVALID", `${name} is over ${TEXT_MAX} characters`);
  return text;
}

function wholeOf(value: number | null | undefined, name: string): number {
  const whole = value ?? 0;
  if (Number.isSafeInteger(whole) && whole >= 0) return whole;
  throw new Failure("INVALID", `${name} ${whole} is no whole number from 0`);
}
