// Where a command's words go. Results go to stdout, remarks and errors to stderr, and with --json
// stdout carries JSON and nothing else: one document, or one object per line for a stream.

import type { Failure } from "#shared/base/errors.ts";
import type { Terminal } from "../terminal.ts";
import { styleFor, type Style } from "./style.ts";
import { printable } from "./text.ts";

export interface Printer {
  readonly json: boolean;
  readonly style: Style;
  /** True when stdout is a terminal that can redraw, and people read it. */
  readonly live: boolean;
  /** Cells of a line; Infinity in a pipe, where nothing is cut. */
  columns(): number;
  /** A line of the result; dropped with --json. */
  line(text?: string): void;
  lines(texts: readonly string[]): void;
  /** The result with --json, indented for a person on a terminal; dropped otherwise. */
  document(value: unknown): void;
  /** One line of a stream with --json; dropped otherwise. */
  record(value: unknown): void;
  /** A remark on stderr; dropped with --json. */
  note(text: string): void;
  /** Always on stderr: a warning people should see in either mode. */
  warn(text: string): void;
  failure(failure: Failure): void;
}

export function makePrinter(terminal: Terminal, json: boolean): Printer {
  const style = styleFor(terminal.env, terminal.stdoutIsTty);
  const errorStyle = styleFor(terminal.env, terminal.stderrIsTty);
  const out = (text: string): void => void terminal.stdout.write(`${text}\n`);
  const err = (text: string): void => void terminal.stderr.write(`${text}\n`);
  return {
    json,
    style,
    live: !json && terminal.stdoutIsTty && terminal.env["TERM"] !== "dumb",
    columns: () => (terminal.stdoutIsTty ? terminal.size().columns : Infinity),
    line: (text = "") => {
      if (!json) out(text);
    },
    lines: (texts) => {
      if (!json && texts.length > 0) out(texts.join("\n"));
    },
    document: (value) => {
      if (json) out(JSON.stringify(value, null, terminal.stdoutIsTty ? 2 : undefined));
    },
    record: (value) => {
      if (json) out(JSON.stringify(value));
    },
    note: (text) => {
      if (!json) err(errorStyle.dim(text));
    },
    warn: (text) => err(json ? JSON.stringify({ warning: text }) : errorStyle.yellow(text)),
    failure: (failure) => err(json ? failureJson(failure) : failureText(failure, errorStyle)),
  };
}

function failureJson(failure: Failure): string {
  return JSON.stringify({
    error: {
      code: failure.code,
      message: failure.message,
      hint: failure.hint ?? null,
      retry: failure.retry,
    },
  });
}

/** Errors may span lines (a manifest has several); each line is made safe on its own. */
function failureText(failure: Failure, style: Style): string {
  const lines = failure.message.split("\n").map(printable);
  const text = [`${style.red("error:")} ${lines[0] ?? ""}`, ...lines.slice(1)];
  for (const hint of failure.hint?.split("\n") ?? []) {
    text.push(`  ${style.cyan(style.signs.arrow)} ${printable(hint)}`);
  }
  return text.join("\n");
}
