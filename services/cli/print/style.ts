// Colours and signs, decided once per command from the stream it prints to and the environment.

import type { Terminal } from "../terminal.ts";

type Paint = (text: string) => string;

export interface Style {
  readonly colour: boolean;
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
  readonly signs: Signs;
}

export interface Signs {
  readonly ok: string;
  readonly failed: string;
  readonly warn: string;
  readonly skipped: string;
  readonly cancelled: string;
  readonly waiting: string;
  readonly queued: string;
  readonly arrow: string;
  readonly spinner: readonly string[];
}

const UNICODE_SIGNS: Signs = {
  ok: "✔",
  failed: "✘",
  warn: "!",
  skipped: "⤼",
  cancelled: "⊘",
  waiting: "·",
  queued: "◌",
  arrow: "→",
  spinner: ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"],
};

const ASCII_SIGNS: Signs = {
  ok: "+",
  failed: "x",
  warn: "!",
  skipped: "-",
  cancelled: "-",
  waiting: ".",
  queued: "o",
  arrow: "->",
  spinner: ["|", "/", "-", "\\"],
};

/** `isTty` is of the stream that will be printed to. */
export function styleFor(env: Terminal["env"], isTty: boolean): Style {
  return makeStyle({ colour: wantsColour(env, isTty), unicode: speaksUtf8(env) });
}

export function makeStyle(options: { readonly colour: boolean; readonly unicode: boolean }): Style {
  const paint = (open: number, close: number): Paint =>
    options.colour
      ? (text) => (text === "" ? "" : `\u001b[${open}m${text}\u001b[${close}m`)
      : (text) => text;
  return {
    colour: options.colour,
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    green: paint(32, 39),
    yellow: paint(33, 39),
    cyan: paint(36, 39),
    signs: options.unicode ? UNICODE_SIGNS : ASCII_SIGNS,
  };
}

/** NO_COLOR (no-color.org) wins over FORCE_COLOR, both over what the stream is. */
function wantsColour(env: Terminal["env"], isTty: boolean): boolean {
  if (env["NO_COLOR"] !== undefined && env["NO_COLOR"] !== "") return false;
  const force = env["FORCE_COLOR"];
  if (force !== undefined) return force !== "" && force !== "0";
  return isTty && env["TERM"] !== "dumb";
}

/** The POSIX order of precedence; with none of them set the C locale is meant. */
function speaksUtf8(env: Terminal["env"]): boolean {
  const locale = env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "";
  return /utf-?8/iu.test(locale);
}
