/** How much of a drill a run plays: a small fixed share, or everything where the environment says `DRILL=full`. */
export const full = process.env["DRILL"] === "full";

export const share = (some: number, all: number): number => (full ? all : some);
