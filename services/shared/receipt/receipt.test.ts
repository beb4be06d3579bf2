import { createHash, createPublicKey, verify } from "node:crypto";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "../base/canonical-json.ts";
import { sha256 } from "./statements.ts";
import { encodeBundle } from "./bundle.ts";
import { encodeEnvelope, parseEnvelope, preAuthEncoding, signatureProblem } from "./dsse.ts";
import {
  exportPrivatePem,
  exportPrivateRaw,
  exportPublicPem,
  exportPublicRaw,
  fingerprint,
  generateKeyPair,
  importPrivatePem,
  importPrivateRaw,
  importPublicPem,
  importPublicRaw,
  publicKeyOf,
} from "./keys.ts";
import { makeStepReceipt, receiptDigest } from "./make-receipt.ts";
import { AGENTS, OK, partsOf, SCHEDULER, specOf, STRANGER } from "./receipt.fixture.ts";
import { verifyBundle } from "./verify-bundle.ts";

const schedulerName = fingerprint(publicKeyOf(SCHEDULER));

describe("keys", () => {
  test("go out as PEM and as 32 bytes, and come back", () => {
    const { privateKey, publicKey } = generateKeyPair();
    const name = fingerprint(publicKey);
    expect(exportPublicRaw(publicKey)).toHaveLength(32);
    expect(exportPrivateRaw(privateKey)).toHaveLength(32);
    for (const key of [
      importPublicPem(exportPublicPem(publicKey)),
      importPublicRaw(exportPublicRaw(publicKey)),
      publicKeyOf(importPrivatePem(exportPrivatePem(privateKey))),
      publicKeyOf(importPrivateRaw(exportPrivateRaw(privateKey))),
    ]) {
      expect(fingerprint(key)).toBe(name);
    }
  });

  test("RFC 8032, test 1", () => {
    const hex = (text: string) => Uint8Array.from(Buffer.from(text, "hex"));
    const seed = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    const key = publicKeyOf(importPrivateRaw(seed));
    expect(Buffer.from(exportPublicRaw(key)).toString("hex")).toBe(
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    );
  });

  test("of another kind or length are refused", () => {
    expect(() => importPublicRaw(new Uint8Array(31))).toThrow(/32 bytes, not 31/);
    expect(() => importPublicPem("x")).toThrow(/no Ed25519 key/);
  });
});

describe("an envelope", () => {
  test("is encoded as DSSE's own example", () => {
    const encoded = preAuthEncoding("http://example.com/HelloWorld", Buffer.from("hello world"));
    expect(Buffer.from(encoded).toString()).toBe(
      "DSSEv1 29 http://example.com/HelloWorld 11 hello world",
    );
  });

  test("verifies with nothing of ours but its JSON", () => {
    const { steps } = partsOf();
    const envelope = JSON.parse(encodeEnvelope(steps[1]!));
    const payload = Buffer.from(envelope.payload, "base64");
    const type = envelope.payloadType;
    const signed = Buffer.concat([
      Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `),
      payload,
    ]);
    const key = createPublicKey(exportPublicPem(publicKeyOf(AGENTS.local)));
    expect(verify(null, signed, key, Buffer.from(envelope.signatures[0].sig, "base64"))).toBe(true);
    const statement = JSON.parse(payload.toString());
    expect(statement).toMatchObject({
      _type: "https://in-toto.io/Statement/v1",
      predicateType: "https://signalbox.dev/receipt/step/v1",
      subject: [
        {
          name: "main/abcdefghijklmnop/simulate",
          digest: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
        },
        {
          name: "energy",
          digest: { sha256: createHash("sha256").update("-15.839").digest("hex") },
        },
        { name: "table", digest: { sha256: createHash("sha256").update("t").digest("hex") } },
      ],
      predicate: {
        task: "simulate",
        outcome: { cause: "ok", exitCode: 0 },
        signer: { role: "agent" },
      },
    });
    expect(receiptDigest(envelope)).toBe(sha256(payload));
  });

  test("is the same for the same facts, and another for each fact", () => {
    const facts = (more: object) => ({
      ...{ spec: specOf("a", 0), cluster: "c", nativeId: null, executable: null, outputs: [] },
      ...{ outcome: OK, agentId: "x", ...more },
    });
    const digest = (more: object) => receiptDigest(makeStepReceipt(facts(more), AGENTS.hpc));
    expect(digest({})).toBe(digest({}));
    const others = [
      digest({}),
      digest({ cluster: "d" }),
      digest({ nativeId: "1" }),
      digest({ agentId: "y" }),
      digest({ outcome: { ...OK, exitCode: 1 } }),
      digest({ outputs: [{ name: "v", kind: "value", value: "1" }] }),
      digest({ executable: { path: "/bin/a", digest: sha256("a") } }),
      digest({ spec: specOf("a", 0, { env: { A: "2" } }) }),
      digest({ spec: specOf("a", 0, { stdin: "" }) }),
      digest({ spec: specOf("a", 0, { program: { kind: "script", text: "", interpreter: [] } }) }),
      digest({ spec: specOf("a", 0, { needsReceipts: [sha256("n")] }) }),
      digest({
        spec: specOf("a", 0, {
          files: [{ path: "f", source: { kind: "text", text: "t" }, executable: false }],
        }),
      }),
      digest({
        spec: specOf("a", 0, {
          files: [{ path: "f", source: { kind: "text", text: "t" }, executable: true }],
        }),
      }),
    ];
    expect(new Set(others).size).toBe(others.length);
  });

  test("of another form is refused", () => {
    expect(() => parseEnvelope("[")).toThrow(/not JSON/);
    expect(() => parseEnvelope('{"payload":"","payloadType":"","signatures":[],"x":1}')).toThrow(
      /no DSSE/,
    );
    const [, step] = partsOf().steps;
    expect(signatureProblem(step!, publicKeyOf(STRANGER))).toContain("it names the key");
    const loose = { ...step!, payload: `${step!.payload}=` };
    expect(signatureProblem(loose, publicKeyOf(AGENTS.local))).toContain("not canonical");
  });
});

describe("a bundle", () => {
  test("verifies by itself, and by the scheduler's key", () => {
    const parts = partsOf();
    const text = encodeBundle(parts);
    const verdict = verifyBundle(text);
    expect(verdict.problems).toEqual([]);
    expect(verdict).toMatchObject({ ok: true, trusted: false, schedulerKey: schedulerName });
    expect(verdict.run).toMatchObject({ workflow: "w", state: "failed" });
    expect(verdict.steps.map(({ digest }) => digest)).toEqual(parts.digests);
    const trustedKeys = [publicKeyOf(SCHEDULER)];
    expect(verifyBundle(Buffer.from(text), { trustedKeys })).toMatchObject({
      ok: true,
      trusted: true,
    });
    expect(verifyBundle(text, { trustedKeys: [schedulerName] }).ok).toBe(true);
  });

  test("keeps only the enrolments its steps need", () => {
    expect(JSON.parse(encodeBundle(partsOf())).enrolments).toHaveLength(2);
  });

  const lies: readonly [what: string, parts: ReturnType<typeof partsOf>, problem: RegExp][] = [
    [
      "of an input that is not what the other step put out",
      partsOf({
        second: {
          files: [
            {
              path: "table.tsv",
              source: {
                kind: "artifact",
                digest: sha256("other"),
                sizeBytes: 1,
                from: { task: "simulate", output: "table" },
              },
              executable: false,
            },
          ],
        },
      }),
      /is not what simulate put out as table/,
    ],
    [
      "of an input from a step it did not need",
      partsOf({ second: { needsReceipts: [] } }),
      /which is none of its needs/,
    ],
    [
      "of a need that is not there",
      partsOf({ second: { needsReceipts: [sha256("x")] } }),
      /no receipt before it/,
    ],
    [
      "of another run",
      partsOf({ second: { run: "qqqqqqqqqqqqqqqq" } }),
      /another attempt's token|another run/,
    ],
    ["of another namespace", partsOf({ second: { namespace: "x" } }), /another namespace/],
    ["of another task", partsOf({ second: { task: "zzz" } }), /another run or task/],
    ["of another attempt", partsOf({ second: { attempt: 2 } }), /another attempt's token/],
    [
      "that a failed step succeeded",
      partsOf({
        run: (f) => ({
          ...f,
          steps: f.steps.map((s) => (s.task === "plot" ? { ...s, state: "succeeded" } : s)),
        }),
      }),
      /says failed, the run says succeeded/,
    ],
    [
      "that the run succeeded",
      partsOf({ run: (f) => ({ ...f, state: "succeeded" }) }),
      /do not bear out/,
    ],
    [
      "that leaves a step out",
      partsOf({ run: (f) => ({ ...f, steps: f.steps.filter((s) => s.task !== "analyse") }) }),
      /builds on|not in its place/,
    ],
    [
      "with steps in another order",
      partsOf({ run: (f) => ({ ...f, steps: f.steps.toReversed() }) }),
      /no receipt before it/,
    ],
    [
      "that a step succeeded without a receipt",
      partsOf({
        run: (f) => ({
          ...f,
          steps: f.steps.map((s) => (s.task === "publish" ? { ...s, state: "succeeded" } : s)),
        }),
      }),
      /publish succeeded without a receipt/,
    ],
  ];
  for (const [what, parts, problem] of lies) {
    test(`with a properly signed lie ${what} does not verify`, () => {
      const { ok, problems } = verifyBundle(encodeBundle(parts));
      expect(ok).toBe(false);
      expect(problems.join("\n")).toMatch(problem);
    });
  }

  test("signed anew by a stranger throughout is refused by whoever knows the scheduler", () => {
    const forged = encodeBundle(partsOf({ keys: { scheduler: STRANGER } }));
    expect(verifyBundle(forged, { trustedKeys: [schedulerName] })).toMatchObject({
      ok: false,
      trusted: false,
      problems: [expect.stringContaining("none of the trusted keys")],
    });
  });

  test("with an agent the scheduler does not vouch for does not verify", () => {
    const parts = partsOf();
    const other = partsOf({ keys: { scheduler: STRANGER } });
    for (const enrolments of [[], other.enrolments]) {
      const { problems } = verifyBundle(encodeBundle({ ...parts, enrolments }));
      expect(problems.join("\n")).toMatch(/does not vouch for|is not signed by/);
    }
  });

  test("of no form at all is refused without a throw", () => {
    for (const text of [
      "",
      "[]",
      "null",
      "{}",
      "{",
      canonicalJson({ mediaType: 1 }),
      `${"[".repeat(9000)}${"]".repeat(9000)}`,
    ]) {
      expect(verifyBundle(text).ok).toBe(false);
    }
    expect(verifyBundle(Uint8Array.of(0xff, 0xfe)).problems).toEqual(["the bundle is not JSON"]);
  });
});
