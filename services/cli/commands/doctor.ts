// `signalbox doctor`: looks at everything a mesh needs, and says for each thing how to mend it.

import type { Command } from "commander";
import { makeCommand, perform, type App, type ExitCode } from "../command.ts";
import type { Finding } from "../doctor/finding.ts";
import { padTo, printable } from "../print/text.ts";
import type { Session } from "../session.ts";

export function doctorCommand(app: App): Command {
  return makeCommand("doctor", {
    summary: "check this machine and the mesh; says how to mend what is wrong",
    details: "Each line is ok, a warning or a failure. Ends 0 without failures, 1 with one.",
    examples: [
      "signalbox doctor",
      "signalbox doctor --json | jq '.checks[] | select(.state != \"ok\")'",
    ],
  }).action((_options: object, self: Command) => perform(app, self, doctor));
}

async function doctor(session: Session): Promise<ExitCode> {
  const { localFindings } = await import("../doctor/local-checks.ts");
  const { engineFinding } = await import("../doctor/engine-check.ts");
  const { schedulerFindings } = await import("../doctor/scheduler-checks.ts");
  const local = [...localFindings(session), engineFinding()];
  const checks = [...local, ...(await schedulerFindings(session))];
  const ok = checks.every((check) => check.state !== "fail");
  session.printer.document({ ok, checks });
  const width = Math.max(...checks.map((check) => check.what.length));
  for (const check of checks) printFinding(session, check, width);
  return ok ? 0 : 1;
}

function printFinding(session: Session, finding: Finding, width: number): void {
  const { printer } = session;
  const { style } = printer;
  const { signs } = style;
  const sign = {
    ok: style.green(signs.ok),
    warn: style.yellow(signs.warn),
    fail: style.red(signs.failed),
  }[finding.state];
  printer.line(`${sign} ${padTo(finding.what, width)}  ${printable(finding.found)}`);
  if (finding.fix !== null) {
    printer.line(`  ${" ".repeat(width)}  ${style.cyan(signs.arrow)} ${printable(finding.fix)}`);
  }
}
