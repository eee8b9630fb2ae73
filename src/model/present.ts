/** The members that are there: an optional member is left out rather than set to `undefined`, also in JSON and in spreads. */
type Present<T> = { readonly [Key in keyof T]?: Exclude<T[Key], undefined> };

export const present = <T extends object>(members: T): Present<T> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Present<T>;
