// Two routers, two workers that dial both: a client whose router is killed goes on at the other
// one, to the letter.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { builtAddon, BUILD_MS_MAX, WHY_NO_ADDON } from "#native/testing/built-addon.ts";
import { signalProcess } from "../mesh/process-identity.ts";
import type { ServiceRecord } from "../mesh/mesh-record.ts";
import { bundledModel } from "../package-root.ts";
import { untilLinked } from "./linked-workers.ts";
import { READY_MS, ServiceGroup } from "./service-group.fixture.ts";

const TOKENS = 300;
const ROUNDS = 3;
const BODY = JSON.stringify({
  ...{ model: "lantern", stream: true, max_tokens: TOKENS, ignore_eos: true },
  ...{ temperature: 0.9, seed: 5 },
  messages: [{ role: "user", content: "Tell me a story about a signal box." }],
});

describe.skipIf(WHY_NO_ADDON !== null)(`the loss of a router (${WHY_NO_ADDON ?? "built"})`, () => {
  const group = new ServiceGroup("router-loss");
  let routers: ServiceRecord[] = [];
  const urlOf = ({ ready }: ServiceRecord): string => `http://${String(ready?.["http"])}/v1`;

  beforeAll(
    async () => {
      const env = { SIGNALBOX_ENGINE: await builtAddon() };
      const names = Array.from({ length: ROUNDS + 1 }, (_, i) => `r${i}`);
      const listen = { WORKERS: "127.0.0.1:0" };
      routers = await Promise.all(names.map((name) => group.start("router", listen, { name })));
      const dialled = routers.map(({ ready }) => String(ready?.["workers"])).join(",");
      for (const name of ["w1", "w2"]) {
        const settings = { MODEL: bundledModel(), THREADS: "1", ROUTERS: dialled };
        await group.start("worker", settings, { name, env });
      }
      const logs = group.at("");
      for (const each of routers) await untilLinked(urlOf(each), "lantern", 2, READY_MS, logs);
    },
    BUILD_MS_MAX + 2 * READY_MS,
  );

  afterAll(() => group.end(), READY_MS);

  test(
    "its clients go on at another one, and no letter is lost or repeated",
    async () => {
      const whole = await read(urlOf(routers[ROUNDS]!), null);
      expect(whole.done).toBe(true);
      let cut = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const cutAt = 2 + 20 * round;
        const first = await read(urlOf(routers[round]!), null, (events) => {
          if (events === cutAt) signalProcess(routers[round]!, "SIGKILL");
        });
        // On a busy machine all of it may be on its way before the router is gone.
        if (first.done) continue;
        cut += 1;
        const second = await read(urlOf(routers[ROUNDS]!), first);
        expect(second.done).toBe(true);
        expect(second.ids).toEqual(first.ids);
        expect(first.text.length).toBeGreaterThan(0);
        expect(second.text.length).toBeGreaterThan(0);
        expect(first.text + second.text).toBe(whole.text);
      }
      expect(cut).toBeGreaterThan(0);
    },
    READY_MS,
  );
});

interface Had {
  readonly text: string;
  /** It ended as streams end. */
  readonly done: boolean;
  /** Of the answer; one, also over two routers. */
  readonly ids: ReadonlySet<string>;
  readonly lastEventId: string;
  readonly resume: string;
}

/** Reads until the end, or until the connection breaks; `before` is what it goes on from. */
async function read(
  url: string,
  before: Had | null,
  onEvent: (events: number) => void = () => {},
): Promise<Had> {
  const back = before === null ? {} : { "last-event-id": before.lastEventId };
  const response = await fetch(`${url}/chat/completions`, {
    method: "POST",
    headers: {
      ...{ "content-type": "application/json", ...back },
      "x-signalbox-resume": before?.resume ?? "new",
    },
    body: BODY,
  });
  expect(response.status).toBe(200);
  const had = {
    ...{ text: "", done: false, ids: new Set<string>(), lastEventId: before?.lastEventId ?? "" },
    resume: response.headers.get("x-signalbox-resume") ?? before?.resume ?? "",
  };
  let events = 0;
  let held = "";
  const decoder = new TextDecoder();
  try {
    for await (const bytes of response.body!) {
      held += decoder.decode(bytes, { stream: true });
      const whole = held.split("\n\n");
      held = whole.pop()!; // Half an event is none: it has not been had.
      for (const event of whole) {
        const data = /^data: (.*)$/mu.exec(event)?.[1];
        if (data === "[DONE]") return { ...had, done: true };
        const { id, choices } = JSON.parse(data!) as Chunk;
        had.ids.add(id);
        had.text += choices[0]?.delta.content ?? "";
        had.lastEventId = /^id: (.*)$/mu.exec(event)?.[1] ?? had.lastEventId;
        events += 1;
        onEvent(events);
      }
    }
  } catch {
    // The connection broke: that is what this is about.
  }
  return had;
}

interface Chunk {
  readonly id: string;
  readonly choices: readonly { readonly delta: { readonly content?: string } }[];
}
