/** Bytes of a file to text: UTF-8 only, with or without a byte order mark. Says where the first bad byte is. */
import type { Diagnostic } from "../model/diagnostic.js";
import { SourceText } from "./source-text.js";

export type DecodedText =
  | { readonly ok: true; readonly source: SourceText }
  | { readonly ok: false; readonly diagnostic: Diagnostic };

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });

const isUtf8 = (bytes: Uint8Array): boolean => {
  try {
    strict.decode(bytes);
    return true;
  } catch {
    return false;
  }
};

/** How many bytes from the start decode, found by halving: any prefix that ends in a bad byte fails. */
const validLength = (bytes: Uint8Array): number => {
  let valid = 0;
  let invalid = bytes.length;
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >>> 1;
    // A cut within a character is no fault of the file: stream mode accepts an unfinished end.
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    try {
      decoder.decode(bytes.subarray(0, middle), { stream: true });
      valid = middle;
    } catch {
      invalid = middle;
    }
  }
  // What stands before the bad place may be the unfinished beginning of a character: that is where it went wrong.
  while (!isUtf8(bytes.subarray(0, valid))) valid -= 1;
  return valid;
};

const looksLikeUtf16 = (bytes: Uint8Array): boolean =>
  (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);

const withoutMark = (text: string): string => (text.startsWith("\ufeff") ? text.slice(1) : text);

export const decodeText = (bytes: Uint8Array, file: string): DecodedText => {
  if (isUtf8(bytes)) return { ok: true, source: new SourceText(file, withoutMark(strict.decode(bytes))) };
  const at = validLength(bytes);
  const lineStart = bytes.lastIndexOf(0x0a, Math.max(0, at - 1)) + 1;
  const lineEnd = bytes.indexOf(0x0a, at);
  const before = withoutMark(lenient.decode(bytes.subarray(lineStart, at)));
  let line = 1;
  for (let i = 0; i < lineStart; i += 1) if (bytes[i] === 0x0a) line += 1;
  const byte = `0x${(bytes[at] ?? 0).toString(16).padStart(2, "0").toUpperCase()}`;
  return {
    ok: false,
    diagnostic: {
      code: "not-utf8",
      severity: "error",
      message: `The file is not UTF-8 text: byte ${byte} at offset ${at} fits nowhere`,
      hint: looksLikeUtf16(bytes)
        ? "The file looks like UTF-16; save it as UTF-8"
        : "Save the file as UTF-8; comments and descriptions are where other encodings hide",
      source: {
        file,
        line,
        column: before.length + 1,
        endLine: line,
        endColumn: before.length + 2,
        lineText: lenient.decode(bytes.subarray(lineStart, lineEnd < 0 ? bytes.length : lineEnd)),
      },
    },
  };
};
