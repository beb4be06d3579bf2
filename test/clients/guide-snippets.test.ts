// What the guide tells people to copy works as it stands: curl and JavaScript against the router's
// API. `npm run clients` runs the Python ones.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  saying,
  startTestServer,
  type TestServer,
} from "../../services/router/openai/scripted-source.fixture.ts";
import { ROOT } from "../repository.ts";
import { guideSnippets, type Snippet } from "./guide-snippets.ts";

const SAID = "Once upon a time.";
const MS_MAX = 20_000;
const run = promisify(execFile);

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ script: saying(SAID) });
});
afterAll(() => server.close());

/** Those of every run: `llm` is a Python program. */
function snippets(url: string): Snippet[] {
  return guideSnippets(["js", "sh"], url).filter(({ section }) => section !== "llm");
}

async function printed({ language, code }: Snippet): Promise<string> {
  const js = [process.execPath, "--input-type=module", "-e", code];
  const [file = "", ...args] = language === "js" ? js : ["sh", "-c", code];
  const { stdout } = await run(file, args, { cwd: ROOT, timeout: MS_MAX });
  return stdout;
}

test("each has an example, and every language is there", () => {
  const sections = snippets("").map(({ section }) => section);
  expect(sections).toEqual([
    ...["curl", "OpenAI's packages", "Vercel AI SDK", "One conversation, one worker"],
  ]);
  const python = guideSnippets(["python"], "").map(({ section }) => section);
  expect(python).toEqual(["OpenAI's packages", "LangChain", "LiteLLM"]);
});

test.each(snippets("").map(({ section }) => section))("%s", async (section) => {
  const snippet = snippets(`${server.base}/v1`).find((each) => each.section === section);
  if (snippet === undefined) throw new Error(section);
  const text = await printed(snippet);
  // What a client writes is the text; what curl writes are objects, with parts of it.
  if (snippet.language === "js") expect(text).toBe(SAID);
  else expect(text).toMatch(/"finish_reason":"(?:stop|length)"/);
  const [request] = server.source.requests.slice(-1);
  expect(request?.model).toBe("lantern");
  if (section.startsWith("One conversation")) expect(request?.session).toBe("ada-1");
});
