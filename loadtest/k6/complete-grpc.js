// Completions over the router's InferenceService at a constant rate: k6 run -e GRPC=HOST:PORT ...
//
// A connection for each virtual user, a stream for each call. Messages are timed as they come, with
// k6's clock of milliseconds.

import { check } from "k6";
import { Counter, Trend } from "k6/metrics";
import { Client, Stream } from "k6/net/grpc";

const ADDRESS = __ENV.GRPC;
const MODEL = __ENV.MODEL || "lantern";
const KEY = __ENV.KEY || "none";
const OUTPUT = Number(__ENV.OUTPUT || 16);
const METHOD = "signalbox.inference.v1.InferenceService/Complete";

const ttft = new Trend("ttft_ms", true);
const e2el = new Trend("e2el_ms", true);
const gap = new Trend("gap_ms", true);
const outputTokens = new Counter("output_tokens");

const client = new Client();
client.load([__ENV.PROTO || "../../proto"], "signalbox/inference/v1/inference.proto");

export const options = {
  scenarios: {
    complete: {
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

export default function complete() {
  if (__ITER === 0) client.connect(ADDRESS, { plaintext: __ENV.TLS !== "1" });
  const startedMs = Date.now();
  const ids = [];
  let firstMs = null;
  let lastMs = startedMs;
  let gapless = true;
  let finish = null;
  let usage = null;
  const stream = new Stream(client, METHOD, { metadata: { authorization: `Bearer ${KEY}` } });
  stream.on("data", (message) => {
    const tokenIds = message.tokenIds || [];
    gapless = gapless && (tokenIds.length === 0 || (message.firstIndex || 0) === ids.length);
    finish = message.finish || finish;
    usage = message.usage || usage;
    if (tokenIds.length === 0) return;
    const nowMs = Date.now();
    if (firstMs !== null) gap.add(nowMs - lastMs);
    firstMs = firstMs ?? nowMs;
    lastMs = nowMs;
    for (const id of tokenIds) ids.push(id);
  });
  let failed = null;
  stream.on("error", (error) => (failed = error));
  stream.on("end", () => {
    const whole = check(null, {
      "no error": () => failed === null,
      "ends by its length": () => finish === "FINISH_REASON_LENGTH",
      "messages follow without gaps": () => gapless,
      "as many tokens as asked for": () => ids.length === OUTPUT,
      "usage counts them": () => usage !== null && usage.completionTokens === OUTPUT,
    });
    if (!whole) return;
    ttft.add(firstMs - startedMs);
    e2el.add(lastMs - startedMs);
    outputTokens.add(OUTPUT);
  });
  stream.write({
    ...{ model: MODEL, text: `Story ${__VU}.${__ITER}: a fox and a crow`, session: `k6-${__VU}` },
    sampling: { maxTokens: OUTPUT, ignoreEos: true, temperature: 0 },
  });
  stream.end();
}
