/** The codes of commands: their settings, the files they read and write, and the program itself. */

export const settingsCodes = {};

export const fileCodes = {};

export const programCodes = {};
