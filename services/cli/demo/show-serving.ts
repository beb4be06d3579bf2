// The serving half of the demo as a person sees it: the story as it comes, the kill in its middle,
// and the verdict.

import { join } from "node:path";
import { printable } from "../print/text.ts";
import type { Session } from "../session.ts";
import { serveAndKill, type ServingResult } from "./serving-demo.ts";
import type { Stage } from "./stage.ts";

/** What is shown of the story on either side of the kill. */
const SHOWN_CHARACTERS = 240;

export async function showServing(
  session: Session,
  stage: Stage,
  signal: AbortSignal,
): Promise<ServingResult> {
  const { style } = session.printer;
  const told = { before: "", after: "" };
  const result = await serveAndKill({
    folder: join(stage.folder, "serving"),
    env: session.terminal.env,
    onStep: ({ name, detail }) => {
      signal.throwIfAborted();
      stage.say(`${style.green(style.signs.ok)} ${name.padEnd(9)}  ${detail}`);
    },
    onText: (text, part) => {
      told[part] += text;
    },
  });
  const { textEqual, gapMs, killedWorker, resumedOn, tokens } = result;
  const before = printable(told.before.slice(-SHOWN_CHARACTERS));
  const after = printable(told.after.slice(0, SHOWN_CHARACTERS));
  stage.say("");
  stage.say(`  …${before}${style.red(` [kill -9 ${killedWorker}] `)}${after}…`);
  stage.say("");
  const verdict = textEqual
    ? `${style.green(style.signs.ok)} the same ${tokens} tokens as without the kill`
    : `${style.red(style.signs.failed)} not the text that it is without the kill`;
  stage.say(`${verdict}; ${resumedOn} went on after ${gapMs} ms`);
  return result;
}
