declare const __VERSION__: string | undefined;

/** The package's version; the build writes it in, and a run from source says so. */
export const version: string = typeof __VERSION__ === "string" ? __VERSION__ : "0.0.0-source";
