// `npm run faults`: the whole matrix of faults on a real Slurm, on both logs. The last line of
// standard output is `{scenarios, failed, betweenIntentAndBind}`; exit 1 on any problem, or when no
// fault landed between intent and bind.
//
//   --only TEXT   scenarios whose name contains it     --list   name them and stop

import { parseArgs } from "node:util";
import { allScenarios, nameOf, playScenario } from "./faults.ts";

const { values } = parseArgs({
  options: { only: { type: "string" }, list: { type: "boolean" }, json: { type: "boolean" } },
});
const scenarios = allScenarios().filter((each) => nameOf(each).includes(values.only ?? ""));
const say = (line: string): void => void process.stdout.write(`${line}\n`);
if (values.list === true) {
  for (const scenario of scenarios) say(nameOf(scenario));
} else {
  let failed = 0;
  let landed = 0;
  for (const scenario of scenarios) {
    try {
      const { problems, betweenIntentAndBind, tookMs } = await playScenario(scenario);
      if (betweenIntentAndBind) landed += 1;
      if (problems.length > 0) failed += 1;
      const verdict = problems.length === 0 ? "holds" : `BROKEN: ${problems.join("; ")}`;
      say(`${nameOf(scenario)}: ${verdict} (${(tookMs / 1000).toFixed(1)} s)`);
    } catch (error) {
      failed += 1;
      say(`${nameOf(scenario)}: BROKEN: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  say(JSON.stringify({ scenarios: scenarios.length, failed, betweenIntentAndBind: landed }));
  if (failed > 0 || (landed === 0 && values.only === undefined)) process.exitCode = 1;
}
