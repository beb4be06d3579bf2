// What the stand-ins for the kinds of server share.

import type { ServerResponse } from "node:http";
import type { Chunk, Generation, Sampling } from "../engine.ts";
import type { SimulatedEngine } from "../simulated/simulated-engine.ts";

export type Body = { readonly [field: string]: unknown };

export interface FaithfulWorld {
  readonly engine: SimulatedEngine;
  readonly contextMax: number;
  readonly sequencesMax: number;
  /** Bodies of what was asked, for tests to look at. */
  readonly asked: Body[];
}

/** False: the path is nobody's. */
export type Answer = (
  path: string,
  body: Body,
  response: ServerResponse,
) => boolean | Promise<boolean>;

/** Aborts what it generates when the client hangs up. */
export function abortWith(response: ServerResponse, generation: Generation): void {
  response.once("close", () => generation.abort());
}

export async function wholeOf(generation: Generation): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  for await (const chunk of generation) chunks.push(chunk);
  return chunks;
}

export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

export function text(response: ServerResponse, lines: readonly string[]): void {
  response.writeHead(200, { "content-type": "text/plain; version=0.0.4" });
  response.end(`${lines.join("\n")}\n`);
}

export function events(response: ServerResponse): (event: object | "[DONE]") => void {
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
  return (event) => {
    response.write(`data: ${event === "[DONE]" ? event : JSON.stringify(event)}\n\n`);
  };
}

/** Draws of the simulated engine are keyed by position; theirs begin anew with each call. */
export function restarted(seed: number, promptTokens: number): number {
  return (seed + promptTokens * 0x1_0000_0001) % 2 ** 52;
}

export const number = (value: unknown, otherwise: number): number =>
  typeof value === "number" ? value : otherwise;

export const ids = (value: unknown): number[] => (Array.isArray(value) ? (value as number[]) : []);

export function topK(value: unknown): Sampling["topK"] {
  const k = number(value, 0);
  return k <= 0 ? null : k;
}
