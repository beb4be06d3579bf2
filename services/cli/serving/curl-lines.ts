// What to try on a served model.

/** A line that works as it is. */
export function curlLines(url: string, model: string): readonly string[] {
  const body = { model, stream: true, messages: [{ role: "user", content: "Hello!" }] };
  return [
    `  curl -N ${url}/chat/completions -H 'content-type: application/json' \\`,
    `    -d '${JSON.stringify(body).replaceAll("'", String.raw`'\''`)}'`,
  ];
}
