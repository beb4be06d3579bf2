// What to try on a served model.

/** A line that works as it is, or with a key in KEY. */
export function curlLines(url: string, model: string, needsKey = false): readonly string[] {
  const body = { model, stream: true, messages: [{ role: "user", content: "Hello!" }] };
  const key = needsKey ? [`    -H "authorization: Bearer $KEY" \\`] : [];
  return [
    `  curl -N ${url}/chat/completions -H 'content-type: application/json' \\`,
    ...key,
    `    -d '${JSON.stringify(body).replaceAll("'", String.raw`'\''`)}'`,
  ];
}
