// When requests are due. Open: whether or not those before have been answered, at a rate, with
// random gaps (Poisson) or equal ones. Closed: so many in flight, each followed by the next.

import { arrivalsMs } from "../router/open-loop.ts";

export type LoadShape =
  | { readonly kind: "open"; readonly perSecond: number; readonly gaps: "poisson" | "constant" }
  | { readonly kind: "closed"; readonly inFlight: number };

/** In ms from the start, until `untilMs`. The same seed, the same times. */
export function duesOf(
  { perSecond, gaps }: Extract<LoadShape, { kind: "open" }>,
  untilMs: number,
  seed: number,
): number[] {
  if (gaps === "poisson") return arrivalsMs(perSecond, untilMs, seed);
  const count = Math.ceil((untilMs * perSecond) / 1000);
  return Array.from({ length: count }, (_, at) => (at * 1000) / perSecond);
}

export function shapeText(shape: LoadShape): string {
  if (shape.kind === "closed") return `${shape.inFlight} in flight`;
  return `${shape.perSecond}/s ${shape.gaps}`;
}
