// Follows a run until it ends or the user has seen enough, in the form that suits the output: a
// picture redrawn in place on a terminal, plain lines in a pipe, JSON lines with --json.

import type { ControlClient } from "../client/control-client.ts";
import { followRun } from "../client/follow-run.ts";
import type { JobView, RunView } from "../client/run-view.ts";
import type { Session } from "../session.ts";
import { LiveRegion } from "./live-region.ts";
import { ProgressLines } from "./progress-lines.ts";
import { progressLines, type ProgressModel } from "./progress-view.ts";
import { styleFor } from "./style.ts";

export interface ShownRun {
  readonly run: RunView;
  readonly jobs: readonly JobView[];
  /** True when Ctrl-C ended the showing; the run goes on. */
  readonly interrupted: boolean;
}

export type ShowAs =
  /** On stdout: a picture, lines, or with --json a record per change. */
  | "stream"
  /** As "stream", but with --json on stderr, because stdout is for the one result. */
  | "progress";

const FRAME_MS = 100;

interface Screen {
  show(model: ProgressModel, changed: readonly JobView[]): void;
  /** `null` when nothing was ever shown. */
  end(model: ProgressModel | null): void;
}

export async function showRun(
  session: Session,
  client: ControlClient,
  runId: string,
  as: ShowAs,
): Promise<ShownRun> {
  const stop = new AbortController();
  const unlisten = session.terminal.onInterrupt(() => stop.abort());
  const screen = screenFor(session, as);
  let model = null as ProgressModel | null;
  try {
    for await (const change of followRun(client, runId, stop.signal)) {
      if (change.kind === "state") {
        model = { run: change.run, jobs: change.jobs, trouble: null };
        screen.show(model, change.changed);
      } else if (model !== null) {
        model = { ...model, trouble: change.reason };
        screen.show(model, []);
      }
    }
  } finally {
    unlisten();
    screen.end(model);
  }
  // Interrupted before the first answer: there is nothing to show, and nothing was promised.
  if (model === null) return { run: unknownRun(runId), jobs: [], interrupted: true };
  return { run: model.run, jobs: model.jobs, interrupted: stop.signal.aborted };
}

function screenFor(session: Session, as: ShowAs): Screen {
  const { printer, terminal } = session;
  if (printer.live) return liveScreen(session, "stdout");
  if (!printer.json) return lineScreen(session, (line) => printer.line(line));
  if (as === "stream") {
    return {
      show: (model, changed) => {
        const away = model.trouble === null ? {} : { trouble: model.trouble };
        printer.record({ run: model.run, jobs: changed, ...away });
      },
      end: () => {},
    };
  }
  if (terminal.stderrIsTty && terminal.env["TERM"] !== "dumb") return liveScreen(session, "stderr");
  return lineScreen(session, (line) => void terminal.stderr.write(`${line}\n`));
}

function lineScreen(session: Session, print: (line: string) => void): Screen {
  const lines = new ProgressLines(print);
  let trouble: string | null = null;
  return {
    show: (model) => {
      const nowMs = session.terminal.nowMs();
      if (model.trouble === null) lines.show(model.run, model.jobs, nowMs);
      else if (model.trouble !== trouble) lines.trouble(model.trouble, nowMs);
      trouble = model.trouble;
    },
    end: () => {},
  };
}

function liveScreen(session: Session, on: "stdout" | "stderr"): Screen {
  const { terminal } = session;
  const style = styleFor(terminal.env, true);
  const region = new LiveRegion(terminal[on]);
  let latest: ProgressModel | null = null;
  let tick = 0;
  const lines = (model: ProgressModel): string[] =>
    progressLines(model, { ...terminal.size(), nowMs: terminal.nowMs(), tick }, style);
  const timer = setInterval(() => {
    tick += 1;
    if (latest !== null) region.draw(lines(latest));
  }, FRAME_MS);
  return {
    show: (model) => {
      latest = model;
      region.draw(lines(model));
    },
    end: (model) => {
      clearInterval(timer);
      if (model !== null) region.finish(lines(model));
    },
  };
}

function unknownRun(id: string): RunView {
  return {
    id,
    namespace: "",
    workflow: "",
    digest: "",
    state: "unspecified",
    reason: "",
    submittedAtMs: 0,
    endedAtMs: null,
    submittedBy: "",
    labels: {},
    jobs: { total: 0, succeeded: 0, failed: 0, running: 0, skipped: 0 },
  };
}
