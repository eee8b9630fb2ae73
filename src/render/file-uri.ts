/** File names as machines want them: forward slashes, relative to where the program ran, escaped (RFC 3986). */

/** `./policies\prod.yaml` → `policies/prod.yaml`; an absolute path stays absolute. */
export const relativePath = (file: string): string => file.replaceAll("\\", "/").replace(/^(\.\/)+/, "");

/** A relative reference, or a `file:` URI for an absolute path. */
export const fileUri = (file: string): string => {
  const path = relativePath(file);
  const escaped = path
    .replace(/\p{Cs}/gu, "\u{fffd}")
    .split("/")
    .map(encodeURIComponent)
    .join("/");
  if (/^[A-Za-z]:\//.test(path)) return `file:///${escaped.replace("%3A", ":")}`;
  return path.startsWith("/") ? `file://${escaped}` : escaped;
};
