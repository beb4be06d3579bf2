// Chats over the router's OpenAI API at a constant rate: k6 run -e URL=http://HOST:PORT/v1 ...
//
// k6 reads an answer whole. The head of a streamed one leaves with its first event, so that the
// time to the first byte is the time to the first token; gaps between tokens it cannot see
// (`npm run bench -- serving` does).

import { check } from "k6";
import http from "k6/http";
import { Counter, Trend } from "k6/metrics";

const URL = __ENV.URL;
const MODEL = __ENV.MODEL || "lantern";
const KEY = __ENV.KEY || "none";
const OUTPUT = Number(__ENV.OUTPUT || 16);

const ttft = new Trend("ttft_ms", true);
const e2el = new Trend("e2el_ms", true);
const outputTokens = new Counter("output_tokens");

export const options = {
  scenarios: {
    chat: {
      executor: "constant-arrival-rate",
      rate: Number(__ENV.RATE || 8),
      timeUnit: "1s",
      duration: `${__ENV.SECONDS || 20}s`,
      preAllocatedVUs: 32,
      maxVUs: 512,
    },
  },
  summaryTrendStats: ["avg", "p(50)", "p(90)", "p(99)", "max"],
  thresholds: { checks: ["rate==1"], dropped_iterations: ["count==0"] },
};

export default function chat() {
  const body = {
    model: MODEL,
    messages: [{ role: "user", content: `Tell me story ${__VU}.${__ITER}, of a fox and a crow.` }],
    ...{ max_completion_tokens: OUTPUT, ignore_eos: true, temperature: 0 },
    ...{ stream: true, stream_options: { include_usage: true } },
  };
  const answer = http.post(`${URL}/chat/completions`, JSON.stringify(body), {
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${KEY}`,
      "x-session-affinity": `k6-${__VU}`,
    },
  });
  const events = String(answer.body)
    .split("\n\n")
    .filter((event) => event.startsWith("data: "))
    .map((event) => event.slice("data: ".length));
  const whole = check(answer, {
    "status 200": ({ status }) => status === 200,
    "ends with [DONE]": () => events[events.length - 1] === "[DONE]",
    "as many tokens as asked for": () => tokensOf(events) === OUTPUT,
  });
  if (!whole) return;
  ttft.add(answer.timings.sending + answer.timings.waiting);
  e2el.add(answer.timings.duration);
  outputTokens.add(OUTPUT);
}

/** Of the last event but one: usage. */
function tokensOf(events) {
  const last = events[events.length - 2];
  return last === undefined ? null : ((JSON.parse(last).usage || {}).completion_tokens ?? null);
}
