/** What the tests of a file leave open, ended when they are over (test/setup.ts): modules live longer than a file. */
const endings: (() => unknown)[] = [];

export const atEnd = (end: () => unknown): void => {
  endings.push(end);
};

/** Made where it is first asked for in a test file; `make` says what ends it. */
export const oncePerFile = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | undefined;
  return () => {
    if (made === undefined) {
      atEnd(() => {
        made = undefined;
      });
      made = { value: make() };
    }
    return made.value;
  };
};

/** The last opened first. */
export const endAll = async (): Promise<void> => {
  for (const end of endings.splice(0).reverse()) await end();
};
