// Durations, moments and sizes as people read and write them.

import { Failure } from "#shared/base/errors.ts";

/** `0.4s`, `12s`, `3m04s`, `2h05m`, `3d04h`: at most six characters below 100 days. */
export function durationText(ms: number): string {
  if (ms < 0) return "0s";
  if (ms < 9950) return `${(ms / 1000).toFixed(1)}s`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m${two(seconds % 60)}s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours}h${two(minutes % 60)}m`;
  return `${Math.floor(hours / 24)}d${two(hours % 24)}h`;
}

/** How long ago, or the date when it is more than a week. */
export function whenText(atMs: number, nowMs: number): string {
  const ago = nowMs - atMs;
  if (ago < 0) return new Date(atMs).toISOString().slice(0, 19) + "Z";
  if (ago < 1000) return "now";
  if (ago < 7 * 86_400_000) return `${durationText(Math.floor(ago / 1000) * 1000)} ago`;
  return new Date(atMs).toISOString().slice(0, 10);
}

/** Wall-clock time of the day, local, for lines in a log. */
export function clockText(atMs: number): string {
  const date = new Date(atMs);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** `512 B`, `1.5 KiB`, `20 MiB`. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = "B";
  for (const next of ["KiB", "MiB", "GiB", "TiB"]) {
    if (value < 1024) break;
    value /= 1024;
    unit = next;
  }
  return unit === "B"
    ? `${value} B`
    : `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

/** `153`, `153 thousand`, `3.4 million`, `70 billion`. */
export function countText(count: number): string {
  let value = count;
  let unit = "";
  for (const next of [" thousand", " million", " billion", " trillion"]) {
    if (value < 1000) break;
    value /= 1000;
    unit = next;
  }
  return `${value < 10 && unit !== "" ? value.toFixed(1) : Math.round(value)}${unit}`;
}

const UNIT_MS: { readonly [unit: string]: number } = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};

/** `90s`, `15m`, `2h`, `7d`, `2w` in milliseconds; INVALID otherwise. */
export function parseDuration(text: string): number {
  const match = /^(\d{1,6}(?:\.\d{1,3})?)(s|m|h|d|w)$/u.exec(text);
  if (match === null) {
    throw new Failure("INVALID", `${JSON.stringify(text)} is no duration`, {
      hint: "write a number and a unit: 90s, 15m, 2h, 7d or 2w",
    });
  }
  return Math.round(Number(match[1]) * (UNIT_MS[match[2] ?? ""] ?? 0));
}

/** A duration before now, or a date (`2026-11-21`, `2026-11-21T14:00`), in Unix milliseconds. */
export function parseMoment(text: string, nowMs: number): number {
  if (/^\d{4}-\d{2}-\d{2}/u.test(text)) {
    const atMs = Date.parse(text);
    if (!Number.isNaN(atMs)) return atMs;
  }
  if (/^[\d.]+[smhdw]$/u.test(text)) return nowMs - parseDuration(text);
  throw new Failure("INVALID", `${JSON.stringify(text)} is no point in time`, {
    hint: "write how long ago (2h, 7d) or a date (2026-11-21, 2026-11-21T14:00)",
  });
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
