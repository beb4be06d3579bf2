// Positions inside a JSON text. JSON.parse reads a manifest ten times faster than anything that
// keeps positions, so this walks the text a second time only when there is something to point at.
// The text is known to be valid JSON: the walker checks nothing.

import type { Path, Position, Spot } from "./manifest-errors.ts";
import { pointerOf } from "./manifest-errors.ts";

interface JsonPlace {
  /** Offset of the key, or of the value where there is no key. */
  readonly key: number;
  readonly value: number;
  readonly end: number;
}

interface JsonDuplicate {
  readonly pointer: string;
  readonly name: string;
  /** Offsets of this key and of the first one. */
  readonly key: number;
  readonly first: number;
}

export interface JsonPlaces {
  readonly places: ReadonlyMap<string, JsonPlace>;
  /** Members that repeat an earlier key of the same object. */
  readonly duplicates: readonly JsonDuplicate[];
}

/** Every value of the text by its JSON pointer. */
export function jsonPlaces(text: string): JsonPlaces {
  const places = new Map<string, JsonPlace>();
  const duplicates: JsonDuplicate[] = [];
  let at = 0;

  function skipSpace(): void {
    while (at < text.length && " \t\r\n".includes(text.charAt(at))) at += 1;
  }
  function skipString(): string {
    const start = at;
    at += 1;
    while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
    at += 1;
    return text.slice(start, at);
  }
  function walk(pointer: string, key: number | undefined): void {
    skipSpace();
    const value = at;
    const opening = text[at];
    if (opening === "{") walkObject(pointer);
    else if (opening === "[") walkArray(pointer);
    else if (opening === '"') skipString();
    else while (at < text.length && !",]} \t\r\n".includes(text.charAt(at))) at += 1;
    places.set(pointer, { key: key ?? value, value, end: at });
  }
  function walkObject(parent: string): void {
    const keys = new Map<string, number>();
    at += 1;
    for (;;) {
      skipSpace();
      if (text[at] === "}") break;
      const keyAt = at;
      const name = JSON.parse(skipString()) as string;
      const pointer = parent + pointerOf([name]);
      const first = keys.get(name);
      if (first !== undefined) duplicates.push({ pointer, name, key: keyAt, first });
      else keys.set(name, keyAt);
      skipSpace();
      at += 1; // the colon
      walk(pointer, keyAt);
      skipSpace();
      if (text[at] === ",") at += 1;
    }
    at += 1;
  }
  function walkArray(parent: string): void {
    at += 1;
    for (let index = 0; ; index++) {
      skipSpace();
      if (text[at] === "]") break;
      walk(`${parent}/${index}`, undefined);
      skipSpace();
      if (text[at] === ",") at += 1;
    }
    at += 1;
  }
  walk("", undefined);
  return { places, duplicates };
}

/** How many object members the text has; more than its parsed value has means a repeated key. */
export function countJsonMembers(text: string): number {
  let members = 0;
  for (let open = text.indexOf('"'); open >= 0;) {
    let close = open;
    do close = text.indexOf('"', close + 1);
    while (isEscaped(text, close));
    let next = close + 1;
    while (" \t\r\n".includes(text.charAt(next)) && next < text.length) next += 1;
    if (text[next] === ":") members += 1;
    open = text.indexOf('"', next);
  }
  return members;
}

/** An odd number of backslashes before it. */
function isEscaped(text: string, at: number): boolean {
  let start = at;
  while (text[start - 1] === "\\") start -= 1;
  return (at - start) % 2 === 1;
}

/** Where `path` is; its nearest parent where it is not there. */
export function jsonOffset(text: string, found: JsonPlaces, path: Path, spot: Spot): number {
  for (let length = path.length; length >= 0; length--) {
    const place = found.places.get(pointerOf(path.slice(0, length)));
    if (place === undefined) continue;
    if (length < path.length) return place.value;
    if (spot === "key") return place.key;
    if (spot === "value") return place.value;
    return nthReference(text, place.value, place.end, spot.reference);
  }
  return 0;
}

/** Offset of the nth `${{` of a scalar's source; its start when the source writes it otherwise. */
export function nthReference(text: string, start: number, end: number, nth: number): number {
  let at = text.indexOf("${{", start);
  for (let i = 0; i < nth && at >= 0; i++) at = text.indexOf("${{", at + 3);
  return at >= 0 && at < end ? at : start;
}

/** From 1, both, in UTF-16 code units. */
export function positionAt(text: string, offset: number): Position {
  let line = 1;
  let lineStart = 0;
  for (let at = text.indexOf("\n"); at >= 0 && at < offset; at = text.indexOf("\n", at + 1)) {
    line += 1;
    lineStart = at + 1;
  }
  return { line, column: offset - lineStart + 1 };
}
